/** Deleted files that a process still has open, from Linux' `/proc`. */

const DELETED = / \(deleted\)$/;
/** Memory that appears as a file is counted as memory, not here. */
const IN_MEMORY = /^\/(memfd:|dev\/shm\/)/;
const BLOCK_BYTES = 512;
const MIB = 1024 * 1024;

/** The disk space they use, in MiB; 0 without such a process, or without `/proc`. */
export function deletedFilesMb(pid: number): number {
  try {
    let bytes = 0;
    for (const { name } of Deno.readDirSync(`/proc/${pid}/fd`)) {
      bytes += deletedBytes(`/proc/${pid}/fd/${name}`);
    }
    return bytes / MIB;
  } catch {
    // It has ended.
    return 0;
  }
}

function deletedBytes(path: string): number {
  try {
    const target = Deno.readLinkSync(path);
    if (!DELETED.test(target) || IN_MEMORY.test(target)) return 0;
    return (Deno.statSync(path).blocks ?? 0) * BLOCK_BYTES;
  } catch {
    // It has been closed in the meantime.
    return 0;
  }
}
