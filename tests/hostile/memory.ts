/** What a process holds of the machine's memory, as the kernel counts it. */

export interface Memory {
  /** MiB, pages that others share counted whole. */
  readonly rss: number;
  /** MiB, pages that others share counted in parts. */
  readonly pss: number;
}

export async function memoryOf(pid: number): Promise<Memory> {
  const rollup = await Deno.readTextFile(`/proc/${pid}/smaps_rollup`);
  const mib = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(rollup)?.[1]) / 1024;
  return { rss: mib("Rss"), pss: mib("Pss") };
}

/** The memory of `pid` once it is at most `rss` MiB, or what it is when `patienceMs` have passed; `work` goes on meanwhile. */
export async function settled(
  pid: number,
  rss: number,
  patienceMs: number,
  work: () => Promise<void>,
): Promise<Memory> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const memory = await memoryOf(pid);
    if (memory.rss <= rss || performance.now() > deadline) return memory;
    await work();
  }
}
