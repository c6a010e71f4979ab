/** CPU and memory of processes, measured from Linux' `/proc`. */

/** Kernel clock ticks per second in `/proc/{pid}/stat`: 100 on every Linux that Deno runs on (proc(5), USER_HZ). */
const TICKS_PER_SECOND = 100;
const MIB = 1024 * 1024;

export interface Usage {
  /** Percent of one core since the last measurement; for the first one, since the process began. */
  readonly cpu: number;
  /** Resident memory, MiB. */
  readonly memoryMb: number;
}

/** Memory of a process, MiB, including swap. */
export interface HeldMemory {
  readonly heldMb: number;
  /** Without the pages of files, which all processes of one program share. */
  readonly ownMb: number;
}

interface Sample {
  readonly cpuSeconds: number;
  readonly uptimeSeconds: number;
}

/** Measures processes; remembers the last sample of each, for the CPU share between two. */
export class ProcStats {
  readonly #last = new Map<number, Sample>();

  /**
   * Measures one process. Reads a few lines that the kernel generates: it does not wait for a disk.
   * @returns `undefined` without such a process, or without `/proc`
   */
  measure(pid: number): Usage | undefined {
    try {
      const stat = parseStat(Deno.readTextFileSync(`/proc/${pid}/stat`));
      const memoryMb = round(residentBytes(Deno.readTextFileSync(`/proc/${pid}/status`)) / MIB);
      const uptimeSeconds = Number(Deno.readTextFileSync("/proc/uptime").split(" ")[0]);
      const before = this.#last.get(pid) ?? { cpuSeconds: 0, uptimeSeconds: stat.startSeconds };
      this.#last.set(pid, { cpuSeconds: stat.cpuSeconds, uptimeSeconds });
      const spanSeconds = Math.max(uptimeSeconds - before.uptimeSeconds, 1 / TICKS_PER_SECOND);
      return { cpu: round((stat.cpuSeconds - before.cpuSeconds) / spanSeconds * 100), memoryMb };
    } catch {
      // The process has ended: there is nothing to measure.
      this.forget(pid);
      return undefined;
    }
  }

  /** Forgets all other processes. */
  keepOnly(pids: ReadonlySet<number>): void {
    for (const pid of this.#last.keys()) if (!pids.has(pid)) this.#last.delete(pid);
  }

  /** The memory that a process uses. @returns `undefined` without such a process, or without `/proc` */
  held(pid: number): HeldMemory | undefined {
    try {
      const status = Deno.readTextFileSync(`/proc/${pid}/status`);
      const swapped = swappedBytes(status);
      return {
        heldMb: (residentBytes(status) + swapped) / MIB,
        ownMb: (ownBytes(status) + swapped) / MIB,
      };
    } catch {
      // The process has ended.
      return undefined;
    }
  }

  /** CPU time that a process has used, in seconds; `undefined` when there is no such process, or no `/proc`. */
  cpuSeconds(pid: number): number | undefined {
    try {
      return parseStat(Deno.readTextFileSync(`/proc/${pid}/stat`)).cpuSeconds;
    } catch {
      // The process has ended.
      return undefined;
    }
  }

  forget(pid: number): void {
    this.#last.delete(pid);
  }
}

/** CPU time and start after boot, from `/proc/{pid}/stat`. The program name in it may hold spaces and parentheses. */
export function parseStat(stat: string): { readonly cpuSeconds: number; readonly startSeconds: number } {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ").map(Number);
  const [userTicks = 0, systemTicks = 0] = fields.slice(11, 13);
  return {
    cpuSeconds: (userTicks + systemTicks) / TICKS_PER_SECOND,
    startSeconds: (fields[19] ?? 0) / TICKS_PER_SECOND,
  };
}

/** Resident memory, from `/proc/{pid}/status`. */
export function residentBytes(status: string): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}

/** Resident memory not backed by files, from `/proc/{pid}/status`. */
function ownBytes(status: string): number {
  const kib = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1] ?? 0);
  return (kib("RssAnon") + kib("RssShmem")) * 1024;
}

/** Memory in swap, from `/proc/{pid}/status`. */
export function swappedBytes(status: string): number {
  return Number(/^VmSwap:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
