/** Whether cgroup v2 can limit agents here, and in which folder. Pure. */

/** The controllers used for the limits of agents, in the order they are named. */
const CONTROLLERS = ["cpu", "memory", "pids"] as const;
export type Controller = (typeof CONTROLLERS)[number];

/** The group of the node's own process, next to its agents' groups: a group with subgroups must not hold processes. */
export const NODE_GROUP = "agentflow-node";

/** A group, as its folder shows it. */
export interface GroupFacts {
  /** Absolute. */
  readonly folder: string;
  /** Whether this user may make groups below it, and move processes. */
  readonly writable: boolean;
  /** The root of all groups: never delegated. */
  readonly isRoot: boolean;
  readonly controllers: readonly string[];
  /** Processes in the group itself. */
  readonly pids: readonly number[];
}

/** What the machine shows. */
export interface CgroupFacts {
  readonly pid: number;
  /** The group this process is in; `undefined` without cgroup v2. */
  readonly own: GroupFacts | undefined;
  /** The group above it. */
  readonly above: GroupFacts | undefined;
}

export type CgroupPlan =
  | { readonly kind: "none"; readonly reason: string }
  | {
    readonly kind: "use";
    /** Agents' groups are made in it. */
    readonly folder: string;
    /** Whether this process has to leave it first. */
    readonly moveSelf: boolean;
    readonly controllers: readonly Controller[];
  };

/** What to do, or why agents are not limited by groups. */
export function planCgroups({ pid, own, above }: CgroupFacts): CgroupPlan {
  if (own === undefined) return none("this system has no cgroup v2");
  // As systemd leaves it with DelegateSubgroup=.
  const isPrepared = own.folder.endsWith(`/${NODE_GROUP}`) && above?.pids.length === 0;
  const group = isPrepared && above !== undefined ? above : own;
  if (group.isRoot) return none("the node runs in the root group of cgroup v2");
  if (!group.writable) {
    return none(`its group ${group.folder} is not handed over to it (Delegate=yes in a unit of systemd)`);
  }
  const strangers = group.pids.filter((other) => other !== pid);
  if (strangers.length > 0) return none(`other processes are in its group ${group.folder}`);
  const controllers = CONTROLLERS.filter((name) => group.controllers.includes(name));
  if (controllers.length === 0) {
    return none(`its group ${group.folder} has none of the controllers ${CONTROLLERS.join(", ")}`);
  }
  return { kind: "use", folder: group.folder, moveSelf: group === own, controllers };
}

function none(reason: string): CgroupPlan {
  return { kind: "none", reason };
}

/** The limits of one agent. */
export interface GroupLimits {
  /** Of one core. */
  readonly cpuPercent: number | undefined;
  /** Above this, the node itself ends it. */
  readonly memoryMb: number;
}

/** The limits of all agents together. */
export interface AllLimits {
  /** Of one core. */
  readonly cpuPercent: number;
  /** Of the memory that each has for itself. */
  readonly memoryMb: number;
  /** Threads and processes. */
  readonly tasks: number;
}

/** The group of all agents' groups. */
export const AGENTS_GROUP = "agentflow-agents";

/** The kernel's limit is higher than the node's, because the node's own kill reports more. */
const MEMORY_SLACK_MB = 64;
/** Processes and threads: Deno itself needs some 20. */
const MAX_TASKS = 512;
const PERIOD_US = 100_000;

/** The text to write to each file of a group. */
export function limitFiles(
  { cpuPercent, memoryMb }: GroupLimits,
  controllers: readonly Controller[],
): Readonly<Record<string, string>> {
  const files: Record<Controller, Record<string, string>> = {
    cpu: cpuPercent === undefined ? {} : { "cpu.max": `${cpuPercent * PERIOD_US / 100} ${PERIOD_US}` },
    memory: { "memory.max": String((memoryMb + MEMORY_SLACK_MB) * 1024 * 1024), "memory.oom.group": "1" },
    pids: { "pids.max": String(MAX_TASKS) },
  };
  return Object.assign({}, ...controllers.map((controller) => files[controller]));
}

/** The same for the group of all agents. The kernel ends the largest process of it, and with that its agent. */
export function allLimitFiles(
  { cpuPercent, memoryMb, tasks }: AllLimits,
  controllers: readonly Controller[],
): Readonly<Record<string, string>> {
  const files: Record<Controller, Record<string, string>> = {
    cpu: { "cpu.max": `${cpuPercent * PERIOD_US / 100} ${PERIOD_US}` },
    // Shared memory counts here too, and the kernel reclaims it before it ends a process.
    memory: { "memory.max": String((memoryMb + MEMORY_SLACK_MB) * 1024 * 1024) },
    pids: { "pids.max": String(tasks) },
  };
  return Object.assign({}, ...controllers.map((controller) => files[controller]));
}

/** The mount point of cgroup v2, from `/proc/self/mounts`. */
export function cgroupMount(mounts: string): string | undefined {
  const line = mounts.split("\n").find((one) => one.split(" ")[2] === "cgroup2");
  return line?.split(" ")[1]?.replaceAll("\\040", " ");
}

/** This process' group below the mount point, from `/proc/self/cgroup`. */
export function cgroupPath(text: string): string | undefined {
  return /^0::(\/.*)$/m.exec(text)?.[1];
}

/** How often the kernel has killed a process of the group for lack of memory, from `memory.events`. */
export function oomKills(events: string): number {
  return Number(/^oom_kill (\d+)$/m.exec(events)?.[1] ?? 0);
}
