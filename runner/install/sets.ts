/** Cleans up shared package folders: sets that no node uses any more, and leftovers of crashes. */
import { join } from "@std/path";

/** Name prefix of a folder that is being filled or deleted. */
export const UNFINISHED = ".unfinished-";

const DAY_MS = 24 * 3600 * 1000;
/** A set unused for this long is deleted; it is fetched again when needed. */
export const MAX_UNUSED_MS = 30 * DAY_MS;
/** No install takes this long. */
export const MAX_UNFINISHED_MS = DAY_MS;

/**
 * Deletes the sets that no node has marked as used for a long time, and unfinished leftovers.
 * @param dir the folder of all sets, each named by a hash
 * @param mark the file in a finished set whose modification time is the time of last use
 * @param now milliseconds since the epoch
 * @returns how many sets were deleted
 * @throws Deno's error when the folder cannot be changed
 */
export async function sweepSets(dir: string, mark: string, now: number): Promise<number> {
  let count = 0;
  for (const name of await namesIn(dir)) {
    const path = join(dir, name);
    if (name.startsWith(UNFINISHED)) {
      if (now - await timeOf(path, Infinity) > MAX_UNFINISHED_MS) await removeTree(path);
    } else if (/^[0-9a-f]{32}$/.test(name)) {
      // A set without its mark is unusable.
      if (now - await timeOf(join(path, mark), 0) <= MAX_UNUSED_MS) continue;
      // Rename first, so that a crash during deletion cannot leave a partial set.
      const doomed = join(dir, `${UNFINISHED}${crypto.randomUUID()}`);
      await Deno.rename(path, doomed);
      await removeTree(doomed);
      count += 1;
    }
  }
  return count;
}

/** Sets the modification time of the mark to the time of use; its content stays. */
export async function markUsed(mark: string, now: number): Promise<void> {
  try {
    await Deno.utime(mark, new Date(now), new Date(now));
  } catch {
    // Missing, or another user's; that user's node marks it.
  }
}

/** When a file or folder last changed, in milliseconds since the epoch; `missing` if it does not exist. */
export async function timeOf(path: string, missing: number): Promise<number> {
  try {
    return (await Deno.stat(path)).mtime?.getTime() ?? Infinity;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return missing;
    throw error;
  }
}

/** The names in a folder; empty if it does not exist. */
export async function namesIn(dir: string): Promise<string[]> {
  try {
    return await Array.fromAsync(Deno.readDir(dir), ({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Deletes `path`, if it exists. */
export async function removeTree(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
