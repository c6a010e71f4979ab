/** Whether the content of a path can be trusted: only this user and root can have put it there or can change it. */
import { dirname } from "@std/path";

const STICKY = 0o1000;

/**
 * Checks `path` and every folder above it, both as named and with links resolved.
 * @returns why others could change the content, for the operator; `undefined` when they cannot
 * @throws Deno's error when `path` does not exist
 */
export async function othersReach(path: string): Promise<string | undefined> {
  const real = await Deno.realPath(path);
  for (const one of new Set([...lineage(path), ...lineage(real)])) {
    const reason = othersMayChange(await Deno.lstat(one));
    if (reason !== undefined) return `${one === path ? "it" : one} ${reason}`;
  }
  return undefined;
}

/** The same for a single file, folder or link. */
export function othersMayChange(
  { uid, gid, mode, isDirectory, isSymlink }: Deno.FileInfo,
): string | undefined {
  if (isForeign(uid)) return `belongs to user ${uid}`;
  // A link has no mode of its own.
  if (mode === null || isSymlink) return undefined;
  // In a sticky folder nobody can replace another user's files.
  if (isDirectory && (mode & STICKY) !== 0) return undefined;
  const byGroup = (mode & 0o020) !== 0 && gid !== Deno.gid();
  return byGroup || (mode & 0o002) !== 0
    ? `may be changed by others (mode ${(mode & 0o7777).toString(8)})`
    : undefined;
}

/** Whether it belongs to another user. */
export function isAnothers({ uid }: Deno.FileInfo): boolean {
  return uid !== null && uid !== Deno.uid();
}

function isForeign(uid: number | null): boolean {
  return uid !== null && uid !== 0 && uid !== Deno.uid() && uid !== outsider();
}

/** The owner that a container shows for the host's files; no user inside the container can have this id. */
function outsider(): number | undefined {
  try {
    const [inside, outside, count] = Deno.readTextFileSync("/proc/self/uid_map").trim().split(/\s+/).map(
      Number,
    );
    if (inside === 0 && outside === 0 && count === 2 ** 32 - 1) return undefined;
    return Number(Deno.readTextFileSync("/proc/sys/kernel/overflowuid"));
  } catch {
    // Not Linux: there is no such user.
    return undefined;
  }
}

/** The path and all folders above it. */
function lineage(path: string): string[] {
  const above = dirname(path);
  return above === path ? [path] : [path, ...lineage(above)];
}
