/** Numbers about processes that the kernel hands out quickly, from Linux' `/proc`. */

const MIB = 1024 * 1024;
/** The key of the page size in `/proc/{pid}/auxv` (getauxval(3), AT_PAGESZ). */
const AT_PAGESZ = 6n;
/** The largest page size on Linux: if the size is unknown, overestimate. */
const LARGEST_PAGE = 64 * 1024;

/** @returns resident memory of a process, MiB; `undefined` without such a process, or without `/proc` */
export function residentMemory(): (pid: number) => number | undefined {
  const pageBytes = readPageSize();
  return (pid) => {
    const pages = readText(`/proc/${pid}/statm`)?.split(" ")[1];
    return pages === undefined ? undefined : Number(pages) * pageBytes / MIB;
  };
}

/** What a process has handed to `write` since it began, MiB; `undefined` when the kernel does not say. */
export function writtenMb(pid: number): number | undefined {
  const bytes = /^wchar: (\d+)$/m.exec(readText(`/proc/${pid}/io`) ?? "")?.[1];
  return bytes === undefined ? undefined : Number(bytes) / MIB;
}

/** What the machine has in swap, MiB. */
export function swappedMb(): number {
  const { swapTotal, swapFree } = Deno.systemMemoryInfo();
  return (swapTotal - swapFree) / MIB;
}

function readPageSize(): number {
  try {
    return pageSizeIn(Deno.readFileSync("/proc/self/auxv"));
  } catch {
    // No /proc.
    return LARGEST_PAGE;
  }
}

/** From the pairs of 64-bit numbers of `/proc/{pid}/auxv`. */
export function pageSizeIn(auxv: Uint8Array): number {
  const view = new DataView(auxv.buffer, auxv.byteOffset, auxv.length);
  for (let at = 0; at + 16 <= auxv.length; at += 16) {
    if (view.getBigUint64(at, true) === AT_PAGESZ) return Number(view.getBigUint64(at + 8, true));
  }
  return LARGEST_PAGE;
}

function readText(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    // It has ended, or is not ours to look at.
    return undefined;
  }
}
