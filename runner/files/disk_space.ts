/** How much room a file system has. */
import { statfsSync } from "node:fs";

/** How much this user can still write on the disk of `dir`, in MiB; `Infinity` if unknown. */
export function freeMb(dir: string): number {
  try {
    const { bavail, bsize } = statfsSync(dir);
    return bavail * bsize / 1024 / 1024;
  } catch {
    // A file system that does not count.
    return Infinity;
  }
}
