/** What stands in front of Deno's command line and holds the process to its limits: small programs that become it. */
import type { Wrapper } from "./launcher.ts";

/**
 * `setpriv` of util-linux: the kernel sends the child SIGKILL when its runner dies, and nothing it starts could ever
 * gain privileges.
 */
const DEATH_SIGNAL: Wrapper = ["setpriv", "--pdeathsig", "KILL", "--no-new-privs"];
/** Agents give way to the runner, and to whatever else the device is for. */
const NICE: Wrapper = ["nice", "-n", "5"];

/** What the kernel holds a process to. */
export interface ProcessBounds {
  /** No file that it writes grows beyond so many bytes; `undefined` for no limit. */
  readonly fileBytes: number | undefined;
  /** Files and connections that it may have open at the same time. */
  readonly openFiles: number;
}

/** No core dump either: what is in an agent's memory, its secrets among it, stays out of the machine's files. */
const kernelLimits = ({ fileBytes, openFiles }: ProcessBounds, mostFiles: number): Wrapper => [
  ...["prlimit", "--core=0", `--nofile=${Math.min(openFiles, mostFiles)}`],
  ...(fileBytes === undefined ? [] : [`--fsize=${Math.ceil(fileBytes)}`]),
];

const ANY_BOUNDS: ProcessBounds = { fileBytes: 1024 ** 3, openFiles: 64 };

/** Which of them this machine has. */
export interface Wrappers {
  /** Whether the kernel ends agents with their runner, whatever state they are in. */
  readonly endWithRunner: boolean;
  /** @returns what to put in front of the command line */
  with(bounds: ProcessBounds): Wrapper;
}

/**
 * Finds out what this machine has. Without `setpriv` agents still end with their runner, by the end of their stdin,
 * unless they never return to their event loop; without the others they run at its priority, or without the limit.
 */
export async function findWrappers(): Promise<Wrappers> {
  const mostFiles = await mostOpenFiles();
  const all = [DEATH_SIGNAL, kernelLimits(ANY_BOUNDS, mostFiles), NICE];
  const [deathSignal, limit, nice] = await Promise.all(all.map(works));
  return {
    endWithRunner: deathSignal === true,
    with: (bounds) => [
      ...(deathSignal ? DEATH_SIGNAL : []),
      ...(limit ? kernelLimits(bounds, mostFiles) : []),
      ...(nice ? NICE : []),
    ],
  };
}

/** Nobody can be given more than this process may have itself. */
async function mostOpenFiles(): Promise<number> {
  try {
    const limits = await Deno.readTextFile("/proc/self/limits");
    return Number(/^Max open files\s+\S+\s+(\d+)/m.exec(limits)?.[1] ?? Infinity);
  } catch {
    // Not Linux: there is no prlimit either.
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
