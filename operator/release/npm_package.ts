/** Packs npm packages for machines that cannot reach a registry. */
import { readNpmrc } from "../../protocol/packages/npmrc.ts";
import { join } from "@std/path";
import type { Environment } from "../../protocol/config/flag.ts";
import { findDeno } from "../../protocol/deno_executable.ts";
import type { Downloader } from "../../protocol/packages/download.ts";
import { fetchEnv } from "../../protocol/packages/env.ts";
import { InstallError } from "../../protocol/packages/install_error.ts";
import { fetchPackage, type NpmPackage } from "../../protocol/packages/npm_package.ts";

/** @param env the registry and how to reach it: `NPM_CONFIG_REGISTRY`, `HOME`, proxies, `PATH` */
export async function downloaderOf(env: Environment): Promise<Downloader> {
  return { deno: await findDeno(undefined, env["PATH"] ?? ""), env: fetchEnv(env, readNpmrc(env)) };
}

/**
 * Fetches a package and packs its files into one archive, below `package/` as npm does.
 * @param draft a folder for temporary files
 * @throws InstallError when it cannot be fetched or packed; the reason of `signal` if it is aborted
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
