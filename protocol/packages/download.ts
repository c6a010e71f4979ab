/** The layout of an install folder, and the `deno` processes that fill it. */
import { join } from "@std/path";
import { type FetchGuard, runFetch } from "./fetcher.ts";
import { importMap } from "./import_map.ts";
import type { Dependency } from "./specifiers.ts";

export const IMPORT_MAP = "import_map.json";
export const LOCK = "lock.json";
/** The DENO_DIR of the agents that use the install. */
export const CACHE = "cache";
/** The HOME of the agents that use the install: it records which registries the packages came from. */
export const HOME = "home";
const CONFIG = "deno.json";
/**
 * Agents' web storage (`caches`, `localStorage`) goes to a folder of this name in the DENO_DIR without any permission.
 * An empty file in its place makes every such write fail.
 */
const STORAGE = join(CACHE, "location_data");

/** What must not change, besides the lock. Everything else in the cache is Deno's own data, which Deno may change. */
export const CONSTANT_FILES: readonly string[] = [
  IMPORT_MAP,
  STORAGE,
  join(CACHE, "npm"),
  join(CACHE, "remote"),
  HOME,
];

/** How to download. */
export interface Downloader {
  /** The `deno` executable. */
  readonly deno: string;
  /** Environment of the fetching process: see `fetchEnv`. */
  readonly env: Readonly<Record<string, string>>;
  /** Without a guard, there are no limits. */
  readonly guard?: FetchGuard | undefined;
}

/**
 * Fills `dir` with `dependencies` and everything they import. An existing lock is followed.
 * @throws InstallError with Deno's reason; the reason of `signal` when that is aborted
 */
export async function download(
  dir: string,
  dependencies: readonly Dependency[],
  downloader: Downloader,
  signal: AbortSignal,
): Promise<void> {
  await writeInputs(dir, dependencies);
  const lock = `--lock=${join(dir, LOCK)}`;
  const specifiers = dependencies.map(({ specifier }) => specifier);
  const cache = [
    "cache",
    "--quiet",
    "--no-config",
    `--import-map=${join(dir, IMPORT_MAP)}`,
    lock,
    ...specifiers,
  ];
  await runDeno(dir, cache, downloader, signal);
  if (dependencies.some(({ registry }) => registry === "jsr")) {
    // The first step fetched what the main module of a JSR package needs; this one, all modules it exports. It comes
    // second because it succeeds even if a package cannot be found.
    await runDeno(dir, ["install", "--quiet", `--config=${join(dir, CONFIG)}`, lock], downloader, signal);
  }
}

async function writeInputs(dir: string, dependencies: readonly Dependency[]): Promise<void> {
  const byName = Object.fromEntries(dependencies.map(({ name, specifier }) => [name, specifier]));
  await Deno.mkdir(join(dir, CACHE));
  await Deno.writeTextFile(join(dir, STORAGE), "");
  await Deno.writeTextFile(join(dir, IMPORT_MAP), JSON.stringify(importMap(dependencies)));
  await Deno.writeTextFile(join(dir, CONFIG), JSON.stringify({ imports: byName, nodeModulesDir: "none" }));
}

async function runDeno(
  dir: string,
  args: readonly string[],
  { deno, env, guard }: Downloader,
  signal: AbortSignal,
): Promise<void> {
  const own = {
    DENO_DIR: join(dir, CACHE),
    DENO_NO_PACKAGE_JSON: "1",
    DENO_NO_UPDATE_CHECK: "1",
    NO_COLOR: "1",
  };
  await runFetch({ deno, args, env: { ...env, ...own }, cwd: dir, guard }, signal);
}
