/** Files that are replaced atomically and are on disk once the call resolves. */
import { dirname } from "@std/path";

/**
 * Replaces `path`: at any moment, even after a power cut, it holds either the old or the new content.
 * @throws Deno's error; the old content then stays
 */
export async function replaceDurably(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.tmp`;
  await removeIfThere(temporary);
  try {
    await writeDurably(temporary, typeof content === "string" ? new TextEncoder().encode(content) : content);
    await Deno.rename(temporary, path);
  } catch (error) {
    // A partial file would use up the little disk space that is left.
    await removeIfThere(temporary).catch(() => {});
    throw error;
  }
  await syncFolder(dirname(path));
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  // createNew never follows a link that somebody else put there.
  using file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 });
  for (let offset = 0; offset < bytes.length;) offset += await file.write(bytes.subarray(offset));
  await file.sync();
}

/** Renames `from` to `to`, replacing it. Both must be in the same folder. */
export async function moveDurably(from: string, to: string): Promise<void> {
  {
    using file = await Deno.open(from, { write: true });
    await file.sync();
  }
  await Deno.rename(from, to);
  await syncFolder(dirname(to));
}

/** Removes `path`, if it exists, so that it stays removed after a power cut. */
export async function removeDurably(path: string): Promise<void> {
  if (await removeIfThere(path)) await syncFolder(dirname(path));
}

/** As `removeDurably`, for files of one folder: they are removed at once, and synced together. */
export async function removeAllDurably(paths: readonly string[]): Promise<void> {
  const removed = paths.filter((path) => {
    if (lstatIfThereSync(path) === undefined) return false;
    Deno.removeSync(path);
    return true;
  });
  const [first] = removed;
  if (first !== undefined) await syncFolder(dirname(first));
}

/** @returns whether there was anything to remove */
export async function removeIfThere(path: string): Promise<boolean> {
  try {
    await Deno.remove(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** The text of `path`; `undefined` if there is no such file. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Information about `path` itself, even if it is a link; `undefined` if nothing is there. */
export async function lstatIfThere(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** As `lstatIfThere`. */
export function lstatIfThereSync(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/**
 * Moves a damaged file out of the way, under a name that says so.
 * @returns the new path
 */
export async function setAside(path: string): Promise<string> {
  const aside = `${path}.damaged-${new Date().toISOString().replaceAll(":", "-")}`;
  await Deno.rename(path, aside);
  return aside;
}

const CANNOT_SYNC: ReadonlySet<string> = new Set(["EINVAL", "ENOTSUP", "EOPNOTSUPP", "EBADF"]);

/** Syncs the folder, so that a new name in it is on disk. */
async function syncFolder(path: string): Promise<void> {
  using folder = await Deno.open(path, { read: true });
  try {
    await folder.sync();
  } catch (error) {
    // Some file systems cannot sync folders; they then give no guarantee for new names.
    if (!CANNOT_SYNC.has((error as { code?: string }).code ?? "")) throw error;
  }
}
