/** How much room a file system has. */
import { statfsSync } from "node:fs";

/** What this user can still write on the disk of `dir`, in MiB; `Infinity` where the system does not say. */
export function freeMb(dir: string): number {
  try {
    const { bavail, bsize } = statfsSync(dir);
    return bavail * bsize / 1024 / 1024;
  } catch {
    // A file system that does not count.
    return Infinity;
  }
}
