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
const DATABASES = ["dep_analysis_cache_v2", "node_analysis_cache_v2", "v8_code_cache_v2"];
const DATABASE_FILES = DATABASES.flatMap((name) => ["", "-wal", "-shm"].map((suffix) => name + suffix));

/** Paths in a DENO_DIR that agents' processes must write to; the rest, including packages, is read-only. */
export function cachesIn(dir: string): { readonly folder: string; readonly files: readonly string[] } {
  return { folder: join(dir, TRANSLATED), files: DATABASE_FILES.map((name) => join(dir, name)) };
}

/**
 * Creates the missing ones: a process that is limited to these paths cannot. A database must be in WAL mode: an empty
 * file would need a journal, which such a process cannot create, and Deno would start without its caches.
 */
export async function makeCaches(dir: string): Promise<void> {
  const { folder, files } = cachesIn(dir);
  // The usual case: agents without packages share a DENO_DIR.
  if (haveCaches(dir)) return;
  await Deno.mkdir(folder, { recursive: true });
  for (const name of DATABASES) {
    const path = join(dir, name);
    const size = await Deno.stat(path).then((info) => info.size, () => 0);
    if (size === 0) await toWalMode(path);
  }
  for (const path of files) (await Deno.open(path, { write: true, create: true })).close();
}

/** Synchronous: a dozen trips to another thread would take longer, and a start waits for this. */
function haveCaches(dir: string): boolean {
  const { folder, files } = cachesIn(dir);
  const databases = DATABASES.map((name) => join(dir, name));
  try {
    return Deno.statSync(folder).isDirectory &&
      files.every((path) => Deno.statSync(path).size > 0 || !databases.includes(path));
  } catch {
    // One is missing.
    return false;
  }
}

async function toWalMode(path: string): Promise<void> {
  const { DatabaseSync } = await import("node:sqlite");
  try {
    const database = new DatabaseSync(path);
    try {
      database.exec("PRAGMA journal_mode = WAL");
    } finally {
      database.close();
    }
  } catch {
    // The disk is full, or another node does the same at this moment: Deno also starts without its caches.
  }
}
