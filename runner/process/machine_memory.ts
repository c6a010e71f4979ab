/** The memory of this machine, or of the control group of this process. */

const MIB = 1024 * 1024;
const GROUP_LIMIT = "/sys/fs/cgroup";

/** In MiB. */
export function machineMemoryMb(): number {
  return Math.floor(Math.min(Deno.systemMemoryInfo().total, groupLimitBytes()) / MIB);
}

/** The limit of the control group (version 2), as in a container or a unit with `MemoryMax=`. */
function groupLimitBytes(): number {
  try {
    const [, path = ""] = /^0::(\/.*)$/m.exec(Deno.readTextFileSync("/proc/self/cgroup")) ?? [];
    const limits = lineage(path).map((folder) => readLimit(`${GROUP_LIMIT}${folder}/memory.max`));
    return Math.min(Infinity, ...limits);
  } catch {
    // Not Linux, or no such groups.
    return Infinity;
  }
}

function readLimit(file: string): number {
  try {
    const text = Deno.readTextFileSync(file).trim();
    return text === "max" ? Infinity : Number(text);
  } catch {
    // The root has no limit, or the controller is not enabled here.
    return Infinity;
  }
}

/** `/a/b` is in `/a`, and both limit it. */
function lineage(path: string): string[] {
  const parts = path.split("/").filter((part) => part !== "");
  return ["", ...parts.map((_, index) => `/${parts.slice(0, index + 1).join("/")}`)];
}
