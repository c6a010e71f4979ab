/** A slow device: all processes of a node held to a share of a core and an amount of memory, by a control group. */
import { join } from "@std/path";

export interface Share {
  /** Processor time per time: 0.25 is a quarter of a core. */
  readonly cores: number;
  readonly memoryMib: number;
}

/** A control group, and the command that starts a program in it. */
export interface Held extends AsyncDisposable {
  /** A command in front of the program's own. */
  readonly wrapper: readonly string[];
}

const PERIOD_US = 100_000;
const ROOT = "/sys/fs/cgroup";

/** @throws Error where control groups cannot be made: it takes root, and a kernel with cgroup v1 or v2 */
export async function holdTo({ cores, memoryMib }: Share, name: string): Promise<Held> {
  const quota = Math.round(cores * PERIOD_US);
  const bytes = memoryMib * 1024 * 1024;
  const isV2 = await exists(join(ROOT, "cgroup.controllers"));
  const groups = isV2
    ? [await group(join(ROOT, name), { "cpu.max": `${quota} ${PERIOD_US}`, "memory.max": String(bytes) })]
    : [
      await group(join(ROOT, "cpu", name), {
        "cpu.cfs_period_us": String(PERIOD_US),
        "cpu.cfs_quota_us": String(quota),
      }),
      await group(join(ROOT, "memory", name), { "memory.limit_in_bytes": String(bytes) }),
    ];
  const enter = groups.map((path) => `echo $$ > ${join(path, "cgroup.procs")}`).join(" && ");
  return {
    wrapper: ["sh", "-c", `${enter} && exec "$0" "$@"`],
    async [Symbol.asyncDispose]() {
      for (const path of groups) await remove(path);
    },
  };
}

async function group(path: string, limits: Readonly<Record<string, string>>): Promise<string> {
  await Deno.mkdir(path);
  for (const [file, value] of Object.entries(limits)) await Deno.writeTextFile(join(path, file), value);
  return path;
}

/** A group can be removed once its last process has been reaped. */
async function remove(path: string): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt++) {
    try {
      return await Deno.remove(path);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  await Deno.remove(path);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
