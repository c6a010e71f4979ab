/** Whether this process may open a device, and why not: by trying, or by its file's mode where opening does something. */
import type { DeviceProblem } from "../../protocol/devices/problem.ts";

/** Who runs the node, and what that user may be. */
export interface Account {
  readonly uid: number;
  /** The process' own groups. */
  readonly gids: readonly number[];
  /** The lines of `/etc/passwd` and `/etc/group`. */
  readonly users: readonly string[];
  readonly groups: readonly string[];
}

export interface AccessFiles {
  readonly status: string;
  readonly passwd: string;
  readonly group: string;
}

/** Stands for the ids that a user namespace does not know. */
const OVERFLOW = 65_534;

const OF_LINUX: AccessFiles = { status: "/proc/self/status", passwd: "/etc/passwd", group: "/etc/group" };

/**
 * For devices that opening leaves alone: GPIO chips and buses.
 * @param group that may usually open such a device
 */
export async function openProblem(
  path: string,
  group: string,
  files = OF_LINUX,
): Promise<DeviceProblem | undefined> {
  try {
    (await Deno.open(path, { read: true, write: true })).close();
    return undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { code: "hidden" };
    // EPERM, where the mode of a file leads to EACCES: the device filter of a control group.
    if (/os error 1\b/.test((error as Error).message)) return { code: "forbidden" };
    if (!(error instanceof Deno.errors.PermissionDenied)) return undefined;
    return await modeProblem(path, group, files) ?? { code: "denied", user: String(Deno.uid()) };
  }
}

/** For devices that notice when they are opened: a serial port raises DTR, which resets many a board. */
export async function modeProblem(
  path: string,
  group: string,
  files = OF_LINUX,
): Promise<DeviceProblem | undefined> {
  try {
    return accessProblem(await Deno.stat(path), await accountOf(files), group);
  } catch (error) {
    return error instanceof Deno.errors.NotFound ? { code: "hidden" } : undefined;
  }
}

/** Decides by a file's owner and mode. Pure. */
export function accessProblem(
  { uid, gid, mode }: Pick<Deno.FileInfo, "uid" | "gid" | "mode">,
  account: Account,
  usualGroup: string,
): DeviceProblem | undefined {
  const has = (digit: number) => ((mode ?? 0) >> digit & 0o6) === 0o6;
  if (account.uid === 0 || (uid === account.uid ? has(6) : has(0))) return undefined;
  const user = nameOf(account.users, account.uid);
  // In a user namespace (PrivateUsers=), files of other groups have none that could be named.
  const group = gid === null || gid === OVERFLOW ? usualGroup : nameOf(account.groups, gid);
  if (gid === null || gid === 0 || !has(3)) return { code: "denied", user };
  if (account.gids.includes(gid)) return undefined;
  const isMember = account.groups.some((line) => {
    const [name, , , members = ""] = line.split(":");
    return name === group && members.split(",").includes(user);
  });
  return { code: isMember ? "started_before" : "group", user, group };
}

async function accountOf({ status, passwd, group }: AccessFiles): Promise<Account> {
  const [own, users, groups] = await Promise.all([status, passwd, group].map(linesOf));
  const ids = (name: string) =>
    own?.find((line) => line.startsWith(`${name}:`))?.split(/\s+/).slice(1).filter((id) => id !== "").map(
      Number,
    ) ?? [];
  return {
    uid: ids("Uid")[1] ?? Deno.uid() ?? -1,
    gids: [...ids("Groups"), ...ids("Gid").slice(1, 2)],
    users: users ?? [],
    groups: groups ?? [],
  };
}

/** The name in the first column of the line with that number in the third; the number if there is none. */
function nameOf(lines: readonly string[], id: number): string {
  return lines.find((line) => line.split(":")[2] === String(id))?.split(":")[0] ?? String(id);
}

async function linesOf(file: string): Promise<string[]> {
  try {
    return (await Deno.readTextFile(file)).split("\n");
  } catch {
    // A container may have none: numbers stand for the names.
    return [];
  }
}
