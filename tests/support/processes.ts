/** Other processes, as the kernel knows them. */

/** Whether a process runs: one that has ended and only waits for its parent to notice does not. */
export function isRunning(pid: number): boolean {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 2));
  } catch {
    return false;
  }
}

/** Resolves when none of `pids` runs any more. @throws Error when one still does after `patienceMs` */
export async function untilGone(pids: readonly number[], patienceMs: number): Promise<void> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const left = pids.filter(isRunning);
    if (left.length === 0) return;
    if (performance.now() > deadline) throw new Error(`Still running after ${patienceMs} ms: ${left}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
