/** Finds the Deno executable that runs agents. */
import { dirname, join, resolve } from "@std/path";

/**
 * The one that was chosen; else this process' own; for a compiled runner, which cannot run agents itself, the one
 * beside it, else the one on PATH.
 * @param path the PATH of this process: agents' processes are started without one
 * @returns an absolute path, where there is such a file; else what was chosen, for the error that starting it gives
 */
export async function findDeno(chosen: string | undefined, path: string): Promise<string> {
  if (chosen !== undefined) return await locate(chosen, path);
  const own = Deno.execPath();
  if (!Deno.build.standalone) return own;
  const beside = join(dirname(own), "deno");
  return await isFile(beside) ? beside : await locate("deno", path);
}

/** As a shell finds a command. */
async function locate(command: string, path: string): Promise<string> {
  if (command.includes("/")) return resolve(command);
  for (const folder of path.split(":").filter((entry) => entry !== "")) {
    const candidate = resolve(folder, command);
    if (await isFile(candidate)) return candidate;
  }
  return command;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    // Not there, or not to be seen.
    return false;
  }
}
