/** Which processes a runner has started, and whether they are still there: from /proc. */

/** A process, told apart from a later one with the same id. */
export interface ProcessId {
  readonly pid: number;
  readonly startedTicks: string;
}

/** The children of `parent`. */
export function childrenOf(parent: number): ProcessId[] {
  const pids = [...Deno.readDirSync("/proc")].map(({ name }) => Number(name)).filter(Number.isInteger);
  return pids.flatMap((pid) => {
    const stat = read(pid);
    return stat?.parent === parent ? [{ pid, startedTicks: stat.startedTicks }] : [];
  });
}

/** Those of `processes` that are still there `patienceMs` later; looked at again and again until none is. */
export async function thoseLeft(processes: readonly ProcessId[], patienceMs: number): Promise<ProcessId[]> {
  const deadlineMs = performance.now() + patienceMs;
  for (;;) {
    const left = processes.filter(({ pid, startedTicks }) => read(pid)?.startedTicks === startedTicks);
    if (left.length === 0 || performance.now() > deadlineMs) return left;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** `undefined` when it is gone, or a zombie. */
function read(pid: number): { readonly parent: number; readonly startedTicks: string } | undefined {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    // The name, in parentheses, may hold anything.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z") return undefined;
    return { parent: Number(fields[1]), startedTicks: fields[19] ?? "" };
  } catch {
    return undefined;
  }
}
