/** The devices that an agent can ask its node for: kinds, and the form of their entries. Pure. */
import { globMatches } from "../patterns.ts";
import { lineProblem, lineRuleProblem, rangeCovers } from "./gpio.ts";
import { i2cCovers, i2cProblem, i2cRuleProblem } from "./i2c.ts";
import { serialCovers, serialProblem, serialRuleProblem } from "./serial.ts";
import { pwmProblem, pwmRuleProblem } from "./pwm.ts";
import { spiCovers, spiProblem, spiRuleProblem } from "./spi.ts";
import { isSensorKind, SENSOR_KIND_NAMES, sensorKindOf } from "./sensors.ts";

/**
 * `gpio`: lines of a GPIO chip, by name (`GPIO17`) or by chip and number (`gpiochip0:17`). `i2c`: devices on a bus
 * (`1:0x76`). `spi`: devices by bus and chip select (`0.0`). `serial`: ports, by path (`/dev/ttyUSB0`). `pwm`:
 * channels by chip and number (`0.1`). `sensors`: sensors
 * that the kernel reads itself, by kind (`temperature`) or by id (`w1/28-0316a2795fff`).
 */
export const DEVICE_KINDS = ["gpio", "i2c", "spi", "serial", "pwm", "sensors"] as const;
export type DeviceKind = (typeof DEVICE_KINDS)[number];

/** Kinds of which one belongs to one agent. */
export type HeldKind = Exclude<DeviceKind, "sensors">;
export const HELD_KINDS = DEVICE_KINDS.filter((kind): kind is HeldKind => kind !== "sensors");

/** What one of a kind is called. */
export const DEVICE_NOUNS: Readonly<Record<HeldKind, string>> = {
  gpio: "line",
  i2c: "address",
  spi: "device",
  serial: "port",
  pwm: "channel",
};

/** Entries of each kind. */
export type Devices = Readonly<Record<DeviceKind, readonly string[]>>;

export function forEachKind<T>(make: (kind: DeviceKind) => T): Readonly<Record<DeviceKind, T>> {
  return Object.freeze(Object.fromEntries(DEVICE_KINDS.map((kind) => [kind, make(kind)]))) as Record<
    DeviceKind,
    T
  >;
}

export const NO_DEVICES: Devices = forEachKind(() => Object.freeze([]));

const MAX_ENTRY_CHARS = 200;

interface Form {
  /** Why no agent can ask for this entry. */
  readonly problem: (entry: string) => string | undefined;
  /** Why this rule is not valid in a policy. */
  readonly ruleProblem: (rule: string) => string | undefined;
  readonly covers: (rule: string, entry: string) => boolean;
}

const FORMS: Readonly<Record<DeviceKind, Form>> = {
  gpio: {
    problem: lineProblem,
    ruleProblem: lineRuleProblem,
    covers: (rule, entry) => globMatches(rule, entry) || rangeCovers(rule, entry),
  },
  i2c: { problem: i2cProblem, ruleProblem: i2cRuleProblem, covers: i2cCovers },
  spi: { problem: spiProblem, ruleProblem: spiRuleProblem, covers: spiCovers },
  serial: { problem: serialProblem, ruleProblem: serialRuleProblem, covers: serialCovers },
  pwm: { problem: pwmProblem, ruleProblem: pwmRuleProblem, covers: spiCovers },
  sensors: {
    problem: (entry) =>
      isSensorKind(entry) || sensorKindOf(entry) !== undefined
        ? undefined
        : `must be a kind of sensor (${SENSOR_KIND_NAMES.join(", ")}) or the id of one`,
    ruleProblem(rule) {
      if (!rule.includes("*")) return this.problem(rule);
      const isPattern = rule === "*" || /^(?:iio|w1|hwmon|thermal)\/./.test(rule);
      return isPattern ? undefined : 'must be "*", or a pattern of ids such as "w1/*"';
    },
    // A pattern of ids covers only ids: a kind could stand for any sensor.
    covers: (rule, entry) =>
      rule === "*" || rule === entry || rule === sensorKindOf(entry) ||
      (rule.includes("*") && !isSensorKind(entry) && globMatches(rule, entry)),
  },
};

/** Why no agent can ask for this entry; `undefined` if it can. */
export function deviceProblem(kind: DeviceKind, entry: string): string | undefined {
  return tooLong(entry) ?? FORMS[kind].problem(entry);
}

/** Why this rule is not valid in a policy; `undefined` if it is. `*` stands for any characters. */
export function deviceRuleProblem(kind: DeviceKind, rule: string): string | undefined {
  return tooLong(rule) ?? FORMS[kind].ruleProblem(rule);
}

function tooLong(text: string): string | undefined {
  return text.length > MAX_ENTRY_CHARS ? `must have at most ${MAX_ENTRY_CHARS} characters` : undefined;
}

/** Whether one of `allowed` covers `entry`. A kind of sensor covers all sensors of that kind. */
export function deviceCovers(kind: DeviceKind, allowed: readonly string[], entry: string): boolean {
  return allowed.some((rule) => FORMS[kind].covers(rule, entry));
}
