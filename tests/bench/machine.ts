/** What a bench ran on: figures mean nothing without it. */

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryMib: number;
  readonly kernel: string;
  readonly deno: string;
}

export async function describeMachine(): Promise<Machine> {
  return {
    cpu: cpuModel(await Deno.readTextFile("/proc/cpuinfo")),
    cores: navigator.hardwareConcurrency,
    memoryMib: Math.round(Deno.systemMemoryInfo().total / 1024 / 1024),
    kernel: Deno.osRelease(),
    deno: Deno.version.deno,
  };
}

/** The processor's name from `/proc/cpuinfo`; boards without one there name themselves. */
export function cpuModel(cpuinfo: string): string {
  return /^(?:model name|Model)\s*:\s*(.+)$/m.exec(cpuinfo)?.[1] ?? Deno.build.arch;
}

/** Memory of a process in MiB, each page shared among those who map it: `/proc/{pid}/smaps_rollup`. */
export async function pssMib(pid: number): Promise<number> {
  return parsePss(await Deno.readTextFile(`/proc/${pid}/smaps_rollup`)) / 1024;
}

/** `Pss` from the text of a `smaps_rollup`, in KiB. @throws Error when it is not there */
export function parsePss(rollup: string): number {
  const found = /^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1];
  if (found === undefined) throw new Error("smaps_rollup has no line 'Pss'");
  return Number(found);
}
