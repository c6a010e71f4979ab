/** Deno's own executable for an architecture, from the npm registry, checked against what it must be. */
import { createHash } from "node:crypto";
import { dirname, join } from "@std/path";
import { downloadPackage, NpmPackageError } from "./npm_package.ts";
import { type Architecture, DENO_PACKAGES, type DenoPackage } from "./platforms.ts";

/** The executable cannot be had; the message says why, and what to do. */
export class DenoBinaryError extends Error {
  override name = "DenoBinaryError";
}

export interface FetchOptions {
  /** Kept between runs: an executable is fetched once. */
  readonly cacheDir: string;
  /** Address of the registry. */
  readonly registry?: string | undefined;
  readonly onProgress?: (message: string) => void;
}

/**
 * @returns path of the executable
 * @throws DenoBinaryError
 */
export async function fetchDeno(architecture: Architecture, options: FetchOptions): Promise<string> {
  const wanted = DENO_PACKAGES[architecture];
  // Named by the integrity of what it came from: a file of this name was checked before it was put there.
  const mark = createHash("sha256").update(wanted.integrity).digest("hex").slice(0, 12);
  const path = join(options.cacheDir, `deno-${wanted.version}-${architecture}-${mark}`, "deno");
  if (await isFile(path)) return path;
  options.onProgress?.(`Fetching Deno ${wanted.version} for ${architecture}`);
  const archive = await download(wanted, options.registry);
  await unpack(archive, path);
  return path;
}

async function download(wanted: DenoPackage, registry: string | undefined): Promise<Uint8Array> {
  try {
    return await downloadPackage(wanted, registry);
  } catch (error) {
    if (!(error instanceof NpmPackageError)) throw error;
    throw new DenoBinaryError(`${error.message}, or name an executable with --deno-file FILE`);
  }
}

/** Takes the executable out of the package, and puts it in place whole or not at all. */
async function unpack(archive: Uint8Array, path: string): Promise<void> {
  const folder = dirname(path);
  await Deno.mkdir(dirname(folder), { recursive: true });
  const temporary = await Deno.makeTempDir({ dir: dirname(folder), prefix: "unpack-" });
  try {
    const child = new Deno.Command("tar", {
      args: ["-xzf", "-", "-C", temporary, "--strip-components=1", "package/deno"],
      stdin: "piped",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    // What tar did not like, it says itself.
    await writer.write(archive).then(() => writer.close()).catch(() => {});
    const { success, stderr } = await child.output();
    if (!success) throw new DenoBinaryError(`Cannot unpack Deno: ${new TextDecoder().decode(stderr).trim()}`);
    await Deno.chmod(join(temporary, "deno"), 0o755);
    await Deno.mkdir(folder, { recursive: true });
    await Deno.rename(join(temporary, "deno"), path);
  } finally {
    await Deno.remove(temporary, { recursive: true });
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    // Not there.
    return false;
  }
}
