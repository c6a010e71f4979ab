/** The programs in front of Deno's command line that set the limits of the process and then exec Deno. */
import type { Wrapper } from "./launcher.ts";
import { writeHarness } from "./harness_files.ts";
import { LAUNCHER } from "./walls/launcher_source.ts";
import type { Machine } from "./walls/machine.ts";
import { OPEN, type Walls } from "./walls/plan.ts";
import { type NoWalls, type Standing, standingOf, tryWalls } from "./walls/standing.ts";
import { type Bounds, launcherWords, NICE } from "./walls/words.ts";

/** What this machine can put in front of Deno. */
export interface Wrappers {
  /** Whether the kernel ends agents with their runner, whatever they are doing. */
  readonly endWithRunner: boolean;
  readonly walls: Standing | NoWalls;
  /** @returns the walls that work here */
  plan(make: (machine: Machine) => Walls): Walls;
  /**
   * @param walls as `plan` returns them; without them, only actions on other processes are blocked
   * @returns what to put in front of the command line
   */
  with(bounds: Bounds, walls?: Walls): Wrapper;
}

export interface WrapperOptions {
  /** Deno's executable. */
  readonly deno: string;
  /** The folder that the launcher is written to. */
  readonly workDir: string;
  /** Whether walls are wanted. */
  readonly walls: boolean;
}

/** Finds out what works here: the launcher, else the programs that set the same limits without walls. */
export async function findWrappers({ deno, workDir, walls }: WrapperOptions): Promise<Wrappers> {
  const mostFiles = await mostOpenFiles();
  const limited = (bounds: Bounds): Bounds => ({
    ...bounds,
    openFiles: Math.min(bounds.openFiles, mostFiles),
  });
  const launcher = await writeHarness(workDir, LAUNCHER);
  const standing = walls ? await tryWalls(deno, launcher) : { reason: "--walls off" };
  if ("reason" in standing) {
    const chain = await findChain(limited);
    return { ...chain, walls: standing, plan: () => OPEN };
  }
  const { machine } = standing;
  return {
    endWithRunner: true,
    walls: standing,
    plan: (make) => standingOf(standing, make(machine)),
    with: (bounds, walls = OPEN) => {
      return ["perl", launcher, ...launcherWords(machine.arch, limited(bounds), walls), "--"];
    },
  };
}

/**
 * `setpriv` of util-linux: the kernel sends the child SIGKILL when its runner dies, and no descendant can gain
 * privileges.
 */
const DEATH_SIGNAL: Wrapper = ["setpriv", "--pdeathsig", "KILL", "--no-new-privs"];
/** For the operator, if that is not possible. */
export const NO_DEATH_SIGNAL =
  "without perl or setpriv (util-linux), an agent in a busy loop outlives a runner that is killed, until the next " +
  "start of the node";

const GIVE_WAY: Wrapper = ["nice", "-n", String(NICE)];

/** Core dumps are disabled too: see `words.ts`. */
const kernelLimits = ({ fileBytes, openFiles, dataBytes }: Bounds): Wrapper => [
  ...["prlimit", "--core=0", `--nofile=${openFiles}`],
  ...(fileBytes === undefined ? [] : [`--fsize=${Math.ceil(fileBytes)}`]),
  ...(dataBytes === undefined ? [] : [`--data=${dataBytes}`]),
];

const ANY_BOUNDS: Bounds = { fileBytes: 1024 ** 3, openFiles: 64 };

/**
 * Without `setpriv`, agents still end with their runner, by the end of their stdin, unless they never return to their
 * event loop; without the other programs they run at the runner's priority, or without the limit.
 */
async function findChain(
  limited: (bounds: Bounds) => Bounds,
): Promise<Pick<Wrappers, "endWithRunner" | "with">> {
  const all = [DEATH_SIGNAL, kernelLimits(limited(ANY_BOUNDS)), GIVE_WAY];
  const [deathSignal, limit, nice] = await Promise.all(all.map(works));
  return {
    endWithRunner: deathSignal === true,
    with: (bounds) => [
      ...(deathSignal ? DEATH_SIGNAL : []),
      ...(limit ? kernelLimits(limited(bounds)) : []),
      ...(nice ? GIVE_WAY : []),
    ],
  };
}
/** A process cannot raise a limit above its own. */
async function mostOpenFiles(): Promise<number> {
  try {
    const limits = await Deno.readTextFile("/proc/self/limits");
    return Number(/^Max open files\s+\S+\s+(\d+)/m.exec(limits)?.[1] ?? Infinity);
  } catch {
    // Not Linux: it has no prlimit either.
    return Infinity;
  }
}

async function works([program = "", ...args]: Wrapper): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(program, {
      args: [...args, "true"],
      clearEnv: true,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch {
    // Not installed.
    return false;
  }
}
