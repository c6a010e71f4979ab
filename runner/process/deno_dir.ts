/** The DENO_DIR of agents: Deno's own cache, closed to agent code. */
import { join } from "@std/path";

/**
 * Makes `dir` ready to be the DENO_DIR of an agent. Deno lets code without any permission write below
 * `location_data` (the Cache API, `localStorage`): a file of that name makes every such write fail.
 * @throws Deno's error when the folder cannot be written
 */
export async function closeDenoDir(dir: string): Promise<void> {
  await Deno.mkdir(dir, { recursive: true });
  const blocker = join(dir, "location_data");
  try {
    await Deno.writeTextFile(blocker, "", { createNew: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    if ((await Deno.lstat(blocker)).isFile) return;
    await Deno.remove(blocker, { recursive: true });
    await closeDenoDir(dir);
  }
}

/** What Deno has translated. */
const TRANSLATED = "gen";
/** Deno's SQLite databases about modules: without them it starts too, but more slowly. */
const DATABASES = ["dep_analysis_cache_v2", "node_analysis_cache_v2", "v8_code_cache_v2"].flatMap((name) =>
  ["", "-wal", "-shm"].map((suffix) => name + suffix)
);

/** Paths in a DENO_DIR that agents' processes must write to; the rest, including packages, is read-only. */
export function cachesIn(dir: string): { readonly folder: string; readonly files: readonly string[] } {
  return { folder: join(dir, TRANSLATED), files: DATABASES.map((name) => join(dir, name)) };
}

/** Creates the missing ones: a process that is limited to these paths cannot. */
export async function makeCaches(dir: string): Promise<void> {
  const { folder, files } = cachesIn(dir);
  await Deno.mkdir(folder, { recursive: true });
  for (const path of files) (await Deno.open(path, { write: true, create: true })).close();
}
