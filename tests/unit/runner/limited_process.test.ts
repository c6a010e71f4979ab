import { assertEquals } from "@std/assert";
import { limited } from "../../../runner/limited_process.ts";
import type { AgentProcess } from "../../../runner/process/launcher.ts";

const LIMITS = { memoryMb: 100, fileBytes: 64 * 1024 * 1024 };

/** How a process ends that the kernel says this of. */
async function ended(signal: string | null, usedMb?: number) {
  const process: AgentProcess = {
    pid: 1,
    send: () => true,
    setStopped: () => {},
    end: () => {},
    exited: Promise.resolve({ description: "was killed", signal, stderrTail: "last words" }),
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

Deno.test("any other end is what it was", async () => {
  assertEquals(await ended("SIGKILL"), { description: "was killed", stderrTail: "last words" });
  assertEquals(await ended(null), { description: "was killed", stderrTail: "last words" });
});
