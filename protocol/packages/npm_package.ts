/** One package of npm by itself, which Deno fetches as it fetches any other, and checks. */
import { join } from "@std/path";
import type { Downloader } from "./download.ts";
import { runFetch } from "./fetcher.ts";
import { findPackage } from "./npm_cache.ts";

/** One version of a package. */
export interface NpmPackage {
  readonly name: string;
  readonly version: string;
  /** As the registry and lock files write it: `sha512-…`. */
  readonly integrity: string;
}

/**
 * Fetches it without what it depends on, from the registry that npm and Deno are set up for.
 * @param draft a folder that all of it is put into
 * @returns the folder with its files. Deno has compared its archive with the integrity
 * @throws InstallError when it cannot be had; the reason of `signal` when that is aborted
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
