/** What a node's service must be allowed so that its agents can use the devices of its policy, and no more. Pure. */
import { type Devices, HELD_KINDS, type HeldKind } from "../../protocol/devices/devices.ts";
import { DEVICE_GROUPS } from "../../protocol/devices/problem.ts";

export interface DeviceAccess {
  /** Values of `DeviceAllow=`. */
  readonly allow: readonly string[];
  /** The users' groups that may usually open such devices. */
  readonly groups: readonly string[];
  /** PWM channels are files of `/sys`, which `ProtectKernelTunables=` closes. */
  readonly writesSys?: true;
}

/**
 * A rule that names one device of the board allows its file. A whole class is allowed for what the rule does not tell,
 * such as the chip of a named line, and for what can be unplugged: systemd skips a file that is missing at the start.
 */
const ALLOW: Readonly<Record<HeldKind, (rule: string) => readonly string[]>> = {
  gpio: (rule) =>
    [/^gpiochip\d+(?=:)/.exec(rule)?.[0] ?? ""].map((chip) => chip === "" ? "char-gpiochip" : `/dev/${chip}`),
  i2c: (rule) =>
    [/^\d+(?=:)/.exec(rule)?.[0] ?? ""].map((bus) => bus === "" ? "char-i2c" : `/dev/i2c-${bus}`),
  spi: (rule) => [/^\d+\.\d+$/.test(rule) ? `/dev/spidev${rule}` : "char-spi"],
  serial: serialFiles,
  // Not in /dev.
  pwm: () => [],
};

const USB = ["char-ttyUSB", "char-ttyACM"];

function serialFiles(rule: string): readonly string[] {
  if (rule.startsWith("/dev/serial/by-")) return USB;
  const [, driver] = /^\/dev\/(ttyUSB|ttyACM|rfcomm)/.exec(rule) ?? [];
  if (driver !== undefined) return [`char-${driver}`];
  return rule.includes("*") ? [...USB, "char-ttyAMA", "char-ttyS"] : [rule];
}

/** @param allowed all that the policy allows, to whichever agent */
export function deviceAccess(allowed: Devices): DeviceAccess {
  const wanted = HELD_KINDS.filter((kind) => allowed[kind].length > 0);
  const allow = wanted.flatMap((kind) => allowed[kind].flatMap((rule) => ALLOW[kind](rule)));
  return {
    allow: [...new Set(allow)].toSorted(),
    groups: [...new Set(wanted.map((kind) => DEVICE_GROUPS[kind]))].toSorted(),
    ...(wanted.includes("pwm") ? { writesSys: true } as const : {}),
  };
}
