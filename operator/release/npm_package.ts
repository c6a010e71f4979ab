/** Packages of npm for machines that reach no registry. */
import { readNpmrc } from "../../protocol/packages/npmrc.ts";
import { join } from "@std/path";
import type { Environment } from "../../protocol/config/flag.ts";
import { findDeno } from "../../protocol/deno_executable.ts";
import type { Downloader } from "../../protocol/packages/download.ts";
import { fetchEnv } from "../../protocol/packages/env.ts";
import { InstallError } from "../../protocol/packages/install_error.ts";
import { fetchPackage, type NpmPackage } from "../../protocol/packages/npm_package.ts";

/** What fetches here. @param env which registry it is, and how to get there: `NPM_CONFIG_REGISTRY`, `HOME`, proxies, `PATH` */
export async function downloaderOf(env: Environment): Promise<Downloader> {
  return { deno: await findDeno(undefined, env["PATH"] ?? ""), env: fetchEnv(env, readNpmrc(env)) };
}

/**
 * Fetches a package, and puts its files into one archive as npm has them: below `package/`.
 * @param draft a folder for all that is needed on the way
 * @throws InstallError when it cannot be had or packed; the reason of `signal` when that is aborted
 */
export async function packPackage(
  wanted: NpmPackage,
  archive: string,
  draft: string,
  env: Environment,
  signal: AbortSignal,
): Promise<void> {
  const fetched = await fetchPackage(wanted, draft, await downloaderOf(env), signal);
  await Deno.rename(fetched, join(draft, "package"));
  const { success, stderr } = await new Deno.Command("tar", {
    args: ["-czf", archive, "-C", draft, "package"],
    stdin: "null",
    stdout: "null",
    signal,
  }).output();
  if (!success) throw new InstallError(`tar has failed: ${new TextDecoder().decode(stderr).trim()}`);
}
