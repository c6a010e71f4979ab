import { assert, assertEquals } from "@std/assert";
import { parseStat, ProcStats, residentBytes, swappedBytes } from "../../../../runner/process/proc_stats.ts";

/** `/proc/{pid}/stat` with user time, system time and start in ticks. */
const stat = (name: string, user: number, system: number, start: number) =>
  `4711 (${name}) S 1 4711 4711 0 -1 4194304 500 0 0 0 ${user} ${system} 0 0 20 0 4 0 ${start} 100000 2000 18446744073709551615`;

Deno.test("CPU time is user and system time together, in seconds", () => {
  assertEquals(parseStat(stat("deno", 150, 50, 1234)), { cpuSeconds: 2, startSeconds: 12.34 });
});

Deno.test("a process name with spaces and parentheses moves no field", () => {
  assertEquals(parseStat(stat("a) S 1 (b", 100, 0, 100)), { cpuSeconds: 1, startSeconds: 1 });
});

Deno.test("resident memory is VmRSS", () => {
  assertEquals(
    residentBytes("Name:\tdeno\nVmHWM:\t  9999 kB\nVmRSS:\t   2048 kB\nRssAnon:\t 1 kB\n"),
    2 * 1024 * 1024,
  );
});

Deno.test("what the kernel has moved to swap is VmSwap", () => {
  assertEquals(swappedBytes("VmRSS:\t   2048 kB\nVmSwap:\t   1024 kB\n"), 1024 * 1024);
  assertEquals(swappedBytes("VmRSS:\t   2048 kB\n"), 0);
});

Deno.test("a process without memory of its own uses none", () => {
  assertEquals(residentBytes("Name:\tkthreadd\n"), 0);
});

Deno.test("this process is measured, one that is not there is not", () => {
  const stats = new ProcStats();
  const first = stats.measure(Deno.pid);
  assert(first !== undefined && first.memoryMb > 1 && first.cpu >= 0, JSON.stringify(first));
  // Above every pid that Linux gives (2^22).
  assertEquals(stats.measure(2 ** 22 + 1), undefined);
});
