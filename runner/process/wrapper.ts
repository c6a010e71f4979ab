/** What stands in front of Deno's command line and holds the process to its limits: small programs that become it. */
import type { Wrapper } from "./launcher.ts";

/**
 * `setpriv` of util-linux: the kernel sends the child SIGKILL when its runner dies, and nothing it starts could ever
 * gain privileges.
 */
const DEATH_SIGNAL: Wrapper = ["setpriv", "--pdeathsig", "KILL", "--no-new-privs"];
/** Agents give way to the runner, and to whatever else the device is for. */
const NICE: Wrapper = ["nice", "-n", "5"];

const fileLimit = (bytes: number): Wrapper => ["prlimit", `--fsize=${bytes}`];

/** Which of them this machine has. */
export interface Wrappers {
  /** Whether the kernel ends agents with their runner, whatever state they are in. */
  readonly endWithRunner: boolean;
  /**
   * @param fileBytes no file that the process writes grows beyond it; `undefined` for no limit
   * @returns what to put in front of the command line
   */
  with(fileBytes: number | undefined): Wrapper;
}

/**
 * Finds out what this machine has. Without `setpriv` agents still end with their runner, by the end of their stdin,
 * unless they never return to their event loop; without the others they run at its priority, or without the limit.
 */
export async function findWrappers(): Promise<Wrappers> {
  const [deathSignal, limit, nice] = await Promise.all([DEATH_SIGNAL, fileLimit(1024 ** 3), NICE].map(works));
  return {
    endWithRunner: deathSignal === true,
    with: (fileBytes) => [
      ...(deathSignal ? DEATH_SIGNAL : []),
      ...(limit && fileBytes !== undefined ? fileLimit(Math.ceil(fileBytes)) : []),
      ...(nice ? NICE : []),
    ],
  };
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
