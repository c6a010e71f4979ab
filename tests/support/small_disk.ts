/** Starts a program where a folder is a small disk, or one that cannot be written: in a mount namespace of its own. */

import { type Need, succeeds } from "./programs.ts";

/** A command to put in front of the program. */
export type Wrapper = readonly string[];

/** `dir` is an empty disk of `kib` KiB, for the program alone. */
export function smallDisk(dir: string, kib: number): Wrapper {
  return inNamespace(`mount -t tmpfs -o size=${kib}k,mode=0700 tmpfs "$0"`, dir);
}

/** `dir` can be read, and not written. */
export function readOnlyDisk(dir: string): Wrapper {
  return inNamespace('mount --bind "$0" "$0" && mount -o remount,bind,ro "$0"', dir);
}

/** What `pid` sees at `path`. */
export function seenBy(pid: number, path: string): string {
  return `/proc/${pid}/root${path}`;
}

/** Whether this user gets mount namespaces: containers and some kernels refuse. */
async function haveNamespaces(): Promise<boolean> {
  const dir = await Deno.makeTempDir();
  try {
    return await succeeds([...smallDisk(dir, 64), "true"]);
  } finally {
    await Deno.remove(dir);
  }
}

export const SMALL_DISKS: Need = {
  name: "mount namespaces",
  isThere: await haveNamespaces(),
  remedy: "run the tests where `unshare --map-root-user --mount true` works, which a container may refuse",
};

function inNamespace(prepare: string, dir: string): Wrapper {
  return ["unshare", "--map-root-user", "--mount", "sh", "-c", `${prepare} && exec "$@"`, dir];
}
