/** What lies in the folder of an install, and the `deno` processes that put it there. */
import { join } from "@std/path";
import { type FetchGuard, runFetch } from "./fetcher.ts";
import { importMap } from "./import_map.ts";
import type { Dependency } from "./specifiers.ts";

export const IMPORT_MAP = "import_map.json";
export const LOCK = "lock.json";
/** The DENO_DIR of the agents that use the install. */
export const CACHE = "cache";
/** The home of the agents that use the install: in it which registries its packages came from. */
export const HOME = "home";
const CONFIG = "deno.json";
/**
 * Storage of agents (`caches`, `localStorage`) goes to a folder of this name in the DENO_DIR, and needs no permission.
 * An empty file in its place makes every such write fail.
 */
const STORAGE = join(CACHE, "location_data");

/** What must stay as it is, beside the lock. All else in a cache is Deno's notes, which it changes as it likes. */
export const CONSTANT_FILES: readonly string[] = [
  IMPORT_MAP,
  STORAGE,
  join(CACHE, "npm"),
  join(CACHE, "remote"),
  HOME,
];

/** With what to download. */
export interface Downloader {
  /** The `deno` executable. */
  readonly deno: string;
  /** Environment of the fetching process: see `fetchEnv`. */
  readonly env: Readonly<Record<string, string>>;
  /** Without it, a package may take what it likes. */
  readonly guard?: FetchGuard | undefined;
}

/**
 * Fills `dir` with `dependencies` and all that they import. A lock that is already in it is followed.
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
    // second because it ends well even when a package cannot be found.
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
