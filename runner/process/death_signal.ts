/** Makes the kernel end agents whose runner has died, whatever they are doing. */
import type { Wrapper } from "./launcher.ts";

/**
 * `setpriv` of util-linux: the kernel sends the child SIGKILL when its runner dies, and nothing it starts could ever
 * gain privileges.
 */
const SETPRIV: Wrapper = ["setpriv", "--pdeathsig", "KILL", "--no-new-privs"];

/**
 * The wrapper to start agents with; empty where the machine has no `setpriv` that can do this. Agents then still
 * end with their runner, by the end of their stdin, unless they never return to their event loop.
 */
export async function deathSignalWrapper(): Promise<Wrapper> {
  const [program = "", ...args] = SETPRIV;
  try {
    const { success } = await new Deno.Command(program, {
      args: [...args, "true"],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    return success ? SETPRIV : [];
  } catch {
    // Not installed.
    return [];
  }
}
