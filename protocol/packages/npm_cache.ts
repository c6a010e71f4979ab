/** Finds an npm package in Deno's cache. */
import { join } from "@std/path";
import { InstallError } from "./install_error.ts";

/** Folders between Deno's cache and a package: the registry's host and the path of its URL. */
const MAX_DEPTH = 6;

/**
 * @param denoDir the DENO_DIR with which the package was fetched
 * @returns the folder with its files. Deno names the parent folders after the registry's URL
 * @throws InstallError when it is missing
 */
export async function findPackage(denoDir: string, name: string, version: string): Promise<string> {
  const ending = join(name, version);
  let level = [join(denoDir, "npm")];
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    for (const folder of level) {
      if (await isFile(join(folder, ending, "package.json"))) return join(folder, ending);
    }
    level = (await Promise.all(level.map(subfolders))).flat();
  }
  throw new InstallError("the package is not where Deno puts packages");
}

async function subfolders(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  return entries.filter((entry) => entry.isDirectory).map((entry) => join(folder, entry.name));
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
