/** What a process holds of the machine's memory for itself, as the kernel counts it. */
import { delay } from "@std/async/delay";

const LOOK_MS = 500;

/**
 * Heaps and stacks of `pid`, in MiB. Pages of files are left out: they are the executable, shared with every other
 * Deno, and the kernel takes them back when it needs room.
 */
export async function ownMemoryOf(pid: number): Promise<number> {
  const rollup = await Deno.readTextFile(`/proc/${pid}/smaps_rollup`);
  const kib = /^Anonymous:\s+(\d+) kB$/m.exec(rollup)?.[1];
  if (kib === undefined) throw new Error(`The kernel does not say what process ${pid} holds`);
  return Number(kib) / 1024;
}

/** The memory of `pid` once it is at most `mib`, or what it is when `patienceMs` have passed. */
export async function settled(pid: number, mib: number, patienceMs: number): Promise<number> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const memory = await ownMemoryOf(pid);
    if (memory <= mib || performance.now() > deadline) return memory;
    await delay(LOOK_MS);
  }
}
