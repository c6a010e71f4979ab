/** Fetches the Deno executable for an architecture, which Deno downloads and verifies like any npm package. */
import { ExpectedError } from "../../protocol/expected_error.ts";
import { dirname, join } from "@std/path";
import type { Environment } from "../../protocol/config/flag.ts";
import { fetchPackage } from "../../protocol/packages/npm_package.ts";
import { downloaderOf } from "./npm_package.ts";
import { type Architecture, DENO_PACKAGES } from "./platforms.ts";
import { sha256 } from "../../protocol/hash.ts";
import { isFile } from "../../protocol/deno_executable.ts";

/** The executable cannot be fetched; the message says why, and what to do. */
export class DenoBinaryError extends ExpectedError {
  override name = "DenoBinaryError";
}

export interface FetchOptions {
  /** Kept between runs, so that each executable is fetched only once. */
  readonly cacheDir: string;
  /** The registry and how to reach it, as npm and Deno read it: `NPM_CONFIG_REGISTRY`, `~/.npmrc`, proxies. */
  readonly env: Environment;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (message: string) => void;
}

/**
 * @returns path of the executable
 * @throws DenoBinaryError; the reason of `signal` if it is aborted
 */
export async function fetchDeno(architecture: Architecture, options: FetchOptions): Promise<string> {
  const { cacheDir, env, signal = new AbortController().signal, onProgress } = options;
  const wanted = DENO_PACKAGES[architecture];
  // The name includes the package's integrity: a file under this name was verified before it was put there.
  const mark = sha256(wanted.integrity).slice(0, 12);
  const path = join(cacheDir, `deno-${wanted.version}-${architecture}-${mark}`, "deno");
  if (await isFile(path)) return path;
  onProgress?.(`Fetching Deno ${wanted.version} for ${architecture}`);
  await Deno.mkdir(cacheDir, { recursive: true });
  const draft = await Deno.makeTempDir({ dir: cacheDir, prefix: "fetch-" });
  try {
    const fetched = join(await fetchPackage(wanted, draft, await downloaderOf(env), signal), "deno");
    await Deno.chmod(fetched, 0o755);
    await Deno.mkdir(dirname(path), { recursive: true });
    // Atomic: a partial file never has this name.
    await Deno.rename(fetched, path);
  } catch (error) {
    signal.throwIfAborted();
    const { name, version } = wanted;
    throw new DenoBinaryError(
      `Cannot fetch Deno for ${architecture} (npm:${name}@${version}): ${
        (error as Error).message
      }: connect this ` +
        "machine to the npm registry (set another one with $NPM_CONFIG_REGISTRY or ~/.npmrc), or give deploy " +
        "an executable with --deno-file FILE",
    );
  } finally {
    await Deno.remove(draft, { recursive: true });
  }
  return path;
}
