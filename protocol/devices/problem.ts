/** Why a node cannot use a device that it has, as data: whoever shows it chooses the words. Pure. */
import { isJsonObject } from "../json.ts";

export type DeviceProblem =
  /** The node's user is not in the group that may open the device. */
  | { readonly code: "group"; readonly user: string; readonly group: string }
  /** The user is in the group, but the node was started before. */
  | { readonly code: "started_before"; readonly user: string; readonly group: string }
  /** The user may not, and no group is known to help. */
  | { readonly code: "denied"; readonly user: string }
  /** There is no file in the node's `/dev`. */
  | { readonly code: "hidden" }
  /** The service manager does not let the node open it. */
  | { readonly code: "forbidden" }
  /** The kernel writes its own messages to this port. */
  | { readonly code: "console" }
  /** Another program had it open when an agent asked for it. */
  | { readonly code: "busy" };

/** The groups that may open such devices on Debian and Raspberry Pi OS. */
export const DEVICE_GROUPS = {
  gpio: "gpio",
  i2c: "i2c",
  spi: "spi",
  serial: "dialout",
  pwm: "gpio",
} as const satisfies Readonly<Record<string, string>>;

/** Of which a line to paste may make somebody a member: others, such as sudo or docker, would make root of a node. */
const SAFE_GROUPS: readonly string[] = [...Object.values(DEVICE_GROUPS), "uucp", "plugdev"];

/** Names of users and groups as `useradd` takes them: they become part of a command line that people paste. */
const ACCOUNT = /^[a-z_][a-z0-9_-]{0,31}$/;
const NUMBER = /^\d{1,10}$/;

/** @param path of the device, such as `/dev/gpiochip0` */
export function problemWords(problem: DeviceProblem, path: string): string {
  switch (problem.code) {
    case "group":
      return `user ${problem.user} is not in group ${problem.group}`;
    case "started_before":
      return `user ${problem.user} is in group ${problem.group} since the node was started`;
    case "denied":
      return `user ${problem.user} may not open ${path}`;
    case "hidden":
      return `${path} is hidden from the node`;
    case "forbidden":
      return `its service may not open ${path}`;
    case "console":
      return `${path} is the kernel's console`;
    case "busy":
      return `another program has ${path} open`;
    default:
      return problem satisfies never;
  }
}

/** What to do about it. */
export function problemFix(problem: DeviceProblem, path: string): string {
  switch (problem.code) {
    case "group":
      if (!SAFE_GROUPS.includes(problem.group)) {
        return `group ${problem.group} is not one for such devices: see 'ls -l ${path}'; a udev rule can give it to another`;
      }
      // A service's user without a name exists only while it runs.
      return NUMBER.test(problem.user)
        ? `SupplementaryGroups=${problem.group} in a drop-in of its service: docs/hardware.md`
        : `sudo usermod -aG ${problem.group} ${problem.user}, and restart the node`;
    case "started_before":
      return "restart the node";
    case "denied":
      return `a udev rule must give ${path} to a group that the node's user is in`;
    case "hidden":
    case "forbidden":
      return `DeviceAllow=${path} rw in a drop-in of its service: docs/hardware.md; agentflow deploy with --policy writes it`;
    case "console":
      return "switch it off: sudo raspi-config, Interface Options, Serial Port; elsewhere remove console= from the kernel's command line";
    case "busy":
      return `find it: sudo fuser -v ${path}; often it is ModemManager or a getty`;
    default:
      return problem satisfies never;
  }
}

/** @param value untrusted @returns `undefined` for what is no problem that is known here */
export function readProblem(value: unknown): DeviceProblem | undefined {
  if (!isJsonObject(value)) return undefined;
  const { code, user, group } = value as Readonly<Record<string, unknown>>;
  switch (code) {
    case "group":
    case "started_before":
      return isAccount(user) && isAccount(group) ? { code, user, group } : undefined;
    case "denied":
      return isAccount(user) ? { code, user } : undefined;
    case "hidden":
    case "forbidden":
    case "console":
    case "busy":
      return { code };
    default:
      return undefined;
  }
}

function isAccount(name: unknown): name is string {
  return typeof name === "string" && (ACCOUNT.test(name) || NUMBER.test(name));
}
