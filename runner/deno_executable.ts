/** Finds the Deno executable that runs agents. */
import { dirname, join } from "@std/path";

/**
 * The one that was chosen; else this process' own; for a compiled runner, which cannot run agents itself, the one
 * beside it, else the one on PATH.
 */
export async function findDeno(chosen: string | undefined): Promise<string> {
  if (chosen !== undefined) return chosen;
  const own = Deno.execPath();
  if (!Deno.build.standalone) return own;
  const beside = join(dirname(own), "deno");
  return await isFile(beside) ? beside : "deno";
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    // Not there, or not to be seen.
    return false;
  }
}
