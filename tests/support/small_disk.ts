/** Starts a program where a folder is a small disk, or one that cannot be written: in a mount namespace of its own. */

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

/** Why there are no such disks here; `undefined` when there are. */
export async function noDisksReason(): Promise<string | undefined> {
  const dir = await Deno.makeTempDir();
  try {
    const [program = "", ...args] = [...smallDisk(dir, 64), "true"];
    const { success, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
    return success ? undefined : new TextDecoder().decode(stderr).trim();
  } catch (error) {
    return (error as Error).message;
  } finally {
    await Deno.remove(dir);
  }
}

function inNamespace(prepare: string, dir: string): Wrapper {
  return ["unshare", "--map-root-user", "--mount", "sh", "-c", `${prepare} && exec "$@"`, dir];
}
