import { assertEquals } from "@std/assert";
import { limited } from "../../../../runner/process/limited_process.ts";
import type { AgentProcess } from "../../../../runner/process/launcher.ts";

const LIMITS = { memoryMb: 100, fileBytes: 64 * 1024 * 1024, openFiles: 128 };

/** How a process ends that the kernel says this of. */
async function ended(signal: string | null, usedMb?: number, stderrTail = "last words") {
  const process: AgentProcess = {
    pid: 1,
    send: () => true,
    setStopped: () => {},
    heldBackMs: () => 0,
    end: () => {},
    exited: Promise.resolve({ description: "was killed", signal, stderrTail }),
  };
  const group = { limitsCpu: true, leave: () => Promise.resolve(usedMb) };
  return await limited(process, group, LIMITS).exited;
}

Deno.test("a process that the kernel ends over a limit says which one, and what was measured", async () => {
  assertEquals(await ended("SIGKILL", 163.9), {
    description: "was killed by the kernel (memory limit: 163.9 MB used, 100 MB allowed)",
    stderrTail: "last words",
    kill: { limit: "memory", measured: 163.9, allowed: 100, unit: "MB" },
  });
  assertEquals((await ended("SIGXFSZ")).kill, { limit: "file size", measured: 64, allowed: 64, unit: "MB" });
});

Deno.test("a process that has no file or connection left to open says so, not what Deno says of itself", async () => {
  const tails = [
    'message: "Too many open files" }\nnote: run with a backtrace',
    "thread 'main' panicked\nassertion `left == right` failed\n  left: 24\n right: 0\nnote: run with a backtrace",
  ];
  for (const tail of tails) {
    assertEquals(await ended(null, undefined, tail), {
      description: "was killed (open files limit: 128 files and connections allowed)",
      stderrTail: "",
      kill: { limit: "open files", measured: 128, allowed: 128, unit: "files" },
    });
  }
});

Deno.test("any other end is what it was", async () => {
  assertEquals(await ended("SIGKILL"), { description: "was killed", stderrTail: "last words" });
  assertEquals(await ended(null), { description: "was killed", stderrTail: "last words" });
});
