/** Fetches a single npm package through Deno, which also checks its integrity. */
import { join } from "@std/path";
import type { Downloader } from "./download.ts";
import { runFetch } from "./fetcher.ts";
import { findPackage } from "./npm_cache.ts";

/** One version of a package. */
export interface NpmPackage {
  readonly name: string;
  readonly version: string;
  /** In the format of registries and lock files: `sha512-…`. */
  readonly integrity: string;
}

/**
 * Fetches it without its dependencies, from the registry configured for npm and Deno.
 * @param draft the folder to fetch into
 * @returns the folder with its files. Deno has checked the archive's integrity
 * @throws InstallError when it cannot be fetched; the reason of `signal` when that is aborted
 */
export async function fetchPackage(
  { name, version, integrity }: NpmPackage,
  draft: string,
  { deno, env, guard }: Downloader,
  signal: AbortSignal,
): Promise<string> {
  const wanted = `${name}@${version}`;
  const lock = { version: "5", specifiers: { [`npm:${wanted}`]: version }, npm: { [wanted]: { integrity } } };
  await Deno.writeTextFile(join(draft, "deno.lock"), JSON.stringify(lock));
  const denoDir = join(draft, "cache");
  const own = { DENO_DIR: denoDir, DENO_NO_PACKAGE_JSON: "1", DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" };
  const args = ["cache", "--quiet", "--no-config", "--lock=deno.lock", "--frozen", `npm:${wanted}`];
  await runFetch({ deno, args, env: { ...env, ...own }, cwd: draft, guard }, signal);
  return await findPackage(denoDir, name, version);
}
