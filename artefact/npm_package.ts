/** Packages of npm, which Deno fetches as it fetches any other, from whichever registry npm and Deno are set up for, and checks. */
import { join } from "@std/path";
import type { Environment } from "../bus/flag.ts";
import { findDeno } from "../runner/deno_executable.ts";
import { fetchEnv } from "../runner/install/env.ts";
import { runFetch } from "../runner/install/fetcher.ts";
import { InstallError } from "../runner/install/install_error.ts";
import { findPackage } from "../runner/install/npm_cache.ts";

/** One version of a package. */
export interface NpmPackage {
  readonly name: string;
  readonly version: string;
  /** As the registry and lock files write it: `sha512-…`. */
  readonly integrity: string;
}

export interface FetchPackageOptions {
  /** Everything of it is put here: an empty folder. */
  readonly draft: string;
  /** Which registry it is, and how to get there: `NPM_CONFIG_REGISTRY`, `~/.npmrc`, proxies. */
  readonly env: Environment;
  readonly signal: AbortSignal;
}

/**
 * @returns the folder with its files. Deno has compared its archive with the integrity
 * @throws Error when it cannot be had; the reason of `signal` when that is aborted
 */
export async function fetchPackage(
  { name, version, integrity }: NpmPackage,
  { draft, env, signal }: FetchPackageOptions,
): Promise<string> {
  const wanted = `${name}@${version}`;
  const lock = { version: "5", specifiers: { [`npm:${wanted}`]: version }, npm: { [wanted]: { integrity } } };
  await Deno.writeTextFile(join(draft, "deno.lock"), JSON.stringify(lock));
  const denoDir = join(draft, "cache");
  const own = { DENO_DIR: denoDir, DENO_NO_PACKAGE_JSON: "1", DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" };
  await runFetch({
    deno: await findDeno(undefined, env["PATH"] ?? ""),
    args: ["cache", "--quiet", "--no-config", "--lock=deno.lock", "--frozen", `npm:${wanted}`],
    env: { ...fetchEnv(env), ...own },
    cwd: draft,
  }, signal);
  return await findPackage(denoDir, name, version);
}

/**
 * Puts a package's files into one archive, as npm has them: below `package/`.
 * @throws InstallError when tar cannot
 */
export async function packPackage(
  wanted: NpmPackage,
  archive: string,
  options: FetchPackageOptions,
): Promise<void> {
  const { draft, signal } = options;
  await Deno.rename(await fetchPackage(wanted, options), join(draft, "package"));
  const { success, stderr } = await new Deno.Command("tar", {
    args: ["-czf", archive, "-C", draft, "package"],
    stdin: "null",
    stdout: "null",
    signal,
  }).output();
  if (!success) throw new InstallError(`tar has failed: ${new TextDecoder().decode(stderr).trim()}`);
}
