/** Folders of packages that several nodes may share: which of them nobody uses any more, and what crashes have left. */
import { join } from "@std/path";

/** How the name of a folder begins that is being filled, or on its way out. */
export const UNFINISHED = ".unfinished-";

const DAY_MS = 24 * 3600 * 1000;
/** What nobody has used for so long is fetched again when it is needed. */
export const MAX_UNUSED_MS = 30 * DAY_MS;
/** No install takes so long. */
export const MAX_UNFINISHED_MS = DAY_MS;

/**
 * Deletes the sets that no node has marked as used for long, and what was left unfinished.
 * @param dir the folder of all sets, each named by a hash
 * @param mark the file in a finished set whose time says when it was used last
 * @param now milliseconds since the epoch
 * @returns how many sets are gone
 * @throws Deno's error when the folder cannot be changed
 */
export async function sweepSets(dir: string, mark: string, now: number): Promise<number> {
  let count = 0;
  for (const name of await namesIn(dir)) {
    const path = join(dir, name);
    if (name.startsWith(UNFINISHED)) {
      if (now - await timeOf(path, Infinity) > MAX_UNFINISHED_MS) await removeTree(path);
    } else if (/^[0-9a-f]{32}$/.test(name)) {
      // Without its mark nobody can use it.
      if (now - await timeOf(join(path, mark), 0) <= MAX_UNUSED_MS) continue;
      // No longer a set from one moment to the next, whatever happens while its files go.
      const doomed = join(dir, `${UNFINISHED}${crypto.randomUUID()}`);
      await Deno.rename(path, doomed);
      await removeTree(doomed);
      count += 1;
    }
  }
  return count;
}

/** The time of its mark is when something was used last; what is in the mark does not depend on it. */
export async function markUsed(mark: string, now: number): Promise<void> {
  try {
    await Deno.utime(mark, new Date(now), new Date(now));
  } catch {
    // Not there, or another user's: then that one's node marks it.
  }
}

/** When a file or folder was changed last, milliseconds since the epoch; `missing` when it is not there. */
export async function timeOf(path: string, missing: number): Promise<number> {
  try {
    return (await Deno.stat(path)).mtime?.getTime() ?? Infinity;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return missing;
    throw error;
  }
}

/** What is in a folder; nothing where it is not there. */
export async function namesIn(dir: string): Promise<string[]> {
  try {
    return await Array.fromAsync(Deno.readDir(dir), ({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Deletes what is at `path`, if anything. */
export async function removeTree(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
