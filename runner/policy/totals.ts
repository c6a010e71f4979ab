/** What all agents of a node may use together: limits of single agents do not bound their sum. Pure. */
import type { Policy } from "./policy.ts";

export interface Totals {
  /** Without the memory that they share. */
  readonly memoryMb: number;
  /** Of one core. */
  readonly cpuPercent: number;
  /** Their state files and temporary files. */
  readonly diskMb: number;
  /** Threads and processes. */
  readonly tasks: number;
}

/** The resources to share out. */
export interface Supplies {
  /** Of the machine, or of the control group of this process. */
  readonly memoryMb: number;
  readonly cores: number;
  /** Free space on the disk of the state files, plus what agents already use there. */
  readonly diskMb: number;
}

/** The rest is for the runner and for other programs. */
const SHARE_OF_MEMORY = 0.75;
const SHARE_OF_CPU = 0.9;
const SHARE_OF_DISK = 0.5;
/** Deno needs some 20 for each agent. */
const TASKS_PER_AGENT = 32;
/** As many as one agent may have. */
const SPARE_TASKS = 512;

export function totalsOf(policy: Policy, { memoryMb, cores, diskMb }: Supplies): Totals {
  const { max_agents, total_memory_mb, total_cpu_percent, total_disk_mb } = policy;
  return {
    memoryMb: total_memory_mb ?? Math.floor(memoryMb * SHARE_OF_MEMORY),
    cpuPercent: total_cpu_percent ?? Math.floor(cores * 100 * SHARE_OF_CPU),
    diskMb: total_disk_mb ?? Math.floor(diskMb * SHARE_OF_DISK),
    tasks: SPARE_TASKS + max_agents * TASKS_PER_AGENT,
  };
}
