/**
 * The control groups of agents, where the kernel lets this process create them: one for each agent, with its limits, in
 * one for all of them.
 */
import { dirname, join } from "@std/path";
import {
  AGENTS_GROUP,
  allLimitFiles,
  type AllLimits,
  cgroupMount,
  cgroupPath,
  type CgroupPlan,
  type Controller,
  type GroupFacts,
  type GroupLimits,
  limitFiles,
  NODE_GROUP,
  oomKills,
  planCgroups,
} from "./cgroup_plan.ts";

/** A group that holds one process and its descendants. */
export interface Group {
  /** Whether the kernel holds it to its share of the CPU. */
  readonly limitsCpu: boolean;
  /**
   * Called when its process has ended: kills the descendants and removes the group.
   * @returns the peak memory in MiB if the kernel killed it for lack of memory; else `undefined`
   */
  leave(): Promise<number | undefined>;
}

/** Creates the agents' groups, where that is possible. */
export interface Cgroups {
  /** `undefined` if agents are limited by groups; else why they are not. */
  readonly reason: string | undefined;
  readonly controllers: readonly Controller[];
  /** @returns `undefined` when no group can be made: it then runs without one */
  enter(agent: string, pid: number, limits: GroupLimits): Group | undefined;
}

/** Agents are not limited by groups. */
export function noCgroups(reason: string): Cgroups {
  return { reason, controllers: [], enter: () => undefined };
}

/**
 * Finds out what this machine allows, and prepares it. Never throws.
 * @param all the limits of all agents together
 * @param proc this process' folder in `/proc`
 */
export async function openCgroups(pid: number, all: AllLimits, proc = "/proc/self"): Promise<Cgroups> {
  try {
    return useCgroups(planCgroups({ pid, ...await readGroups(proc) }), pid, all);
  } catch (error) {
    return noCgroups((error as Error).message);
  }
}

/** Carries out a plan. @throws Deno's error when the kernel refuses */
export function useCgroups(plan: CgroupPlan, pid: number, all: AllLimits): Cgroups {
  if (plan.kind === "none") return noCgroups(plan.reason);
  const { folder, moveSelf, controllers } = plan;
  if (moveSelf) {
    const own = join(folder, NODE_GROUP);
    makeFolder(own);
    put(own, "cgroup.procs", String(pid));
  }
  const agents = join(folder, AGENTS_GROUP);
  makeFolder(agents);
  for (const group of [folder, agents]) {
    put(group, "cgroup.subtree_control", controllers.map((name) => `+${name}`).join(" "));
  }
  for (const [file, text] of Object.entries(allLimitFiles(all, controllers))) put(agents, file, text);
  return {
    reason: undefined,
    controllers,
    enter: (agent, process, limits) => enter(join(agents, `agent-${agent}`), process, limits, controllers),
  };
}

function enter(
  folder: string,
  pid: number,
  limits: GroupLimits,
  controllers: readonly Controller[],
): Group | undefined {
  try {
    makeFolder(folder);
    for (const [file, text] of Object.entries(limitFiles(limits, controllers))) put(folder, file, text);
    put(folder, "cgroup.procs", String(pid));
  } catch {
    // It has already ended, or the kernel refuses: the node's own limits apply.
    return undefined;
  }
  const killsBefore = readKills(folder);
  return {
    limitsCpu: controllers.includes("cpu"),
    leave: async () => {
      const usedMb = readKills(folder) > killsBefore ? readPeakMb(folder) : undefined;
      await removeGroup(folder);
      return usedMb;
    },
  };
}

/** Kills what is left in it; a group the kernel has not emptied yet is reused by the agent's next process. */
async function removeGroup(folder: string): Promise<void> {
  try {
    put(folder, "cgroup.kill", "1");
    await Deno.remove(folder);
  } catch {
    // Not empty yet, or an old kernel without cgroup.kill.
  }
}

async function readGroups(
  proc: string,
): Promise<{ own: GroupFacts | undefined; above: GroupFacts | undefined }> {
  const mount = cgroupMount(await Deno.readTextFile(join(proc, "mounts")));
  const path = cgroupPath(await Deno.readTextFile(join(proc, "cgroup")));
  if (mount === undefined || path === undefined) return { own: undefined, above: undefined };
  const own = join(mount, path);
  const above = path === "/" ? undefined : readGroup(dirname(own));
  return { own: readGroup(own), above };
}

function readGroup(folder: string): GroupFacts {
  return {
    folder: folder.replace(/(?<=.)\/$/, ""),
    writable: isWritable(join(folder, "cgroup.procs")) && isWritable(join(folder, "cgroup.subtree_control")),
    // Only the root has no such file.
    isRoot: readOrEmpty(join(folder, "cgroup.type")) === "",
    controllers: readOrEmpty(join(folder, "cgroup.controllers")).split(/\s+/).filter((name) => name !== ""),
    pids: readOrEmpty(join(folder, "cgroup.procs")).split("\n").filter((line) => line !== "").map(Number),
  };
}

function isWritable(path: string): boolean {
  try {
    Deno.openSync(path, { write: true }).close();
    return true;
  } catch {
    // Not there, not ours, or mounted read-only.
    return false;
  }
}

function readKills(folder: string): number {
  return oomKills(readOrEmpty(join(folder, "memory.events")));
}

/** Kernels before 5.19 do not report a peak: the limit stands in for it. */
function readPeakMb(folder: string): number {
  const bytes = readOrEmpty(join(folder, "memory.peak")) || readOrEmpty(join(folder, "memory.max"));
  return Math.round(Number(bytes) / 1024 / 1024 * 10) / 10;
}

function readOrEmpty(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    // Not every group has every file.
    return "";
  }
}

function makeFolder(path: string): void {
  Deno.mkdirSync(path, { recursive: true });
}

function put(folder: string, file: string, text: string): void {
  Deno.writeTextFileSync(join(folder, file), text);
}
