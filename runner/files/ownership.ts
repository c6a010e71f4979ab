/** Whether what lies at a path can be believed: nobody but this user, and root, can have put it there or can change it. */
import { dirname } from "@std/path";

const STICKY = 0o1000;

/**
 * Looks at `path` and at every folder above it, by its own name and by where links lead.
 * @returns why others could change what is there, for the operator; `undefined` when they cannot
 * @throws Deno's error when it is not there
 */
export async function othersReach(path: string): Promise<string | undefined> {
  const real = await Deno.realPath(path);
  for (const one of new Set([...lineage(path), ...lineage(real)])) {
    const reason = othersMayChange(await Deno.lstat(one));
    if (reason !== undefined) return `${one === path ? "it" : one} ${reason}`;
  }
  return undefined;
}

/** The same, about one file, folder or link by itself. */
export function othersMayChange(
  { uid, gid, mode, isDirectory, isSymlink }: Deno.FileInfo,
): string | undefined {
  if (isForeign(uid)) return `belongs to user ${uid}`;
  // A link has no mode of its own.
  if (mode === null || isSymlink) return undefined;
  // In such a folder nobody can replace what is another's.
  if (isDirectory && (mode & STICKY) !== 0) return undefined;
  const byGroup = (mode & 0o020) !== 0 && gid !== Deno.gid();
  return byGroup || (mode & 0o002) !== 0
    ? `may be changed by others (mode ${(mode & 0o7777).toString(8)})`
    : undefined;
}

/** Whether it is somebody else's than this user's. */
export function isAnothers({ uid }: Deno.FileInfo): boolean {
  return uid !== null && uid !== Deno.uid();
}

function isForeign(uid: number | null): boolean {
  return uid !== null && uid !== 0 && uid !== Deno.uid() && uid !== outsider();
}

/** Whom a container shows as the owner of what is the host's: nobody in there can be that user. */
function outsider(): number | undefined {
  try {
    const [inside, outside, count] = Deno.readTextFileSync("/proc/self/uid_map").trim().split(/\s+/).map(
      Number,
    );
    if (inside === 0 && outside === 0 && count === 2 ** 32 - 1) return undefined;
    return Number(Deno.readTextFileSync("/proc/sys/kernel/overflowuid"));
  } catch {
    // Not Linux: there is no such thing.
    return undefined;
  }
}

/** The path, and all folders above it. */
function lineage(path: string): string[] {
  const above = dirname(path);
  return above === path ? [path] : [path, ...lineage(above)];
}
