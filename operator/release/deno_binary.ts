/** Deno's own executable for an architecture, which Deno fetches as it fetches any package of npm, and checks. */
import { ExpectedError } from "../../protocol/expected_error.ts";
import { createHash } from "node:crypto";
import { dirname, join } from "@std/path";
import type { Environment } from "../../protocol/config/flag.ts";
import { fetchPackage } from "../../protocol/packages/npm_package.ts";
import { downloaderOf } from "./npm_package.ts";
import { type Architecture, DENO_PACKAGES } from "./platforms.ts";

/** The executable cannot be had; the message says why, and what to do. */
export class DenoBinaryError extends ExpectedError {
  override name = "DenoBinaryError";
}

export interface FetchOptions {
  /** Kept between runs: an executable is fetched once. */
  readonly cacheDir: string;
  /** Which registry it is, and how to get there, as npm and Deno read it: `NPM_CONFIG_REGISTRY`, `~/.npmrc`, proxies. */
  readonly env: Environment;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (message: string) => void;
}

/**
 * @returns path of the executable
 * @throws DenoBinaryError; the reason of `signal` when that is aborted
 */
export async function fetchDeno(architecture: Architecture, options: FetchOptions): Promise<string> {
  const { cacheDir, env, signal = new AbortController().signal, onProgress } = options;
  const wanted = DENO_PACKAGES[architecture];
  // Named by the integrity of what it came from: a file of this name was checked before it was put there.
  const mark = createHash("sha256").update(wanted.integrity).digest("hex").slice(0, 12);
  const path = join(cacheDir, `deno-${wanted.version}-${architecture}-${mark}`, "deno");
  if (await isFile(path)) return path;
  onProgress?.(`Fetching Deno ${wanted.version} for ${architecture}`);
  await Deno.mkdir(cacheDir, { recursive: true });
  const draft = await Deno.makeTempDir({ dir: cacheDir, prefix: "fetch-" });
  try {
    const fetched = join(await fetchPackage(wanted, draft, await downloaderOf(env), signal), "deno");
    await Deno.chmod(fetched, 0o755);
    await Deno.mkdir(dirname(path), { recursive: true });
    // Whole or not at all.
    await Deno.rename(fetched, path);
  } catch (error) {
    signal.throwIfAborted();
    const { name, version } = wanted;
    throw new DenoBinaryError(
      `Cannot fetch Deno for ${architecture} (npm:${name}@${version}): ${
        (error as Error).message
      }: connect this ` +
        "machine to the npm registry (another is named by $NPM_CONFIG_REGISTRY or in ~/.npmrc), or give deploy " +
        "an executable with --deno-file FILE",
    );
  } finally {
    await Deno.remove(draft, { recursive: true });
  }
  return path;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    // Not there.
    return false;
  }
}
