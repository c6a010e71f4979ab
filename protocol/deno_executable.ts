/** Finds the Deno executable that runs agents. */
import { dirname, join, resolve } from "@std/path";

/**
 * Picks the configured executable; else this process's own. A compiled runner cannot run agents itself: it uses the Deno
 * beside it, else the one on PATH.
 * @param path the PATH of this process (agents' processes have none)
 * @returns an absolute path if there is such a file; else the configured value, so that starting it gives the error
 */
export async function findDeno(chosen: string | undefined, path: string): Promise<string> {
  if (chosen !== undefined) return await locate(chosen, path);
  const own = Deno.execPath();
  if (!Deno.build.standalone) return own;
  const beside = join(dirname(own), "deno");
  return await isFile(beside) ? beside : await locate("deno", path);
}

/** Searches PATH as a shell does. */
async function locate(command: string, path: string): Promise<string> {
  if (command.includes("/")) return resolve(command);
  for (const folder of path.split(":").filter((entry) => entry !== "")) {
    const candidate = resolve(folder, command);
    if (await isFile(candidate)) return candidate;
  }
  return command;
}

/** Whether there is a file that this process may look at. */
export async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    // Missing or unreadable.
    return false;
  }
}
