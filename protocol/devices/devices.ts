/** The devices that an agent can ask its node for: kinds, and the form of their entries. Pure. */
import { globMatches } from "../patterns.ts";
import { lineProblem, rangeCovers, rangeOf } from "./gpio.ts";
import { isSensorKind, SENSOR_KIND_NAMES, sensorKindOf } from "./sensors.ts";

/**
 * `gpio`: lines of a GPIO chip, by name (`GPIO17`) or by chip and number (`gpiochip0:17`). `sensors`: sensors that the
 * kernel reads itself, by kind (`temperature`) or by id (`w1/28-0316a2795fff`).
 */
export const DEVICE_KINDS = ["gpio", "sensors"] as const;
export type DeviceKind = (typeof DEVICE_KINDS)[number];

/** Entries of each kind. */
export type Devices = Readonly<Record<DeviceKind, readonly string[]>>;

export const NO_DEVICES: Devices = Object.freeze({ gpio: Object.freeze([]), sensors: Object.freeze([]) });

const MAX_ENTRY_CHARS = 200;

/** Why no agent can ask for this entry; `undefined` if it can. */
export function deviceProblem(kind: DeviceKind, entry: string): string | undefined {
  switch (kind) {
    case "gpio":
      return lineProblem(entry);
    case "sensors":
      return entry.length <= MAX_ENTRY_CHARS && (isSensorKind(entry) || sensorKindOf(entry) !== undefined)
        ? undefined
        : `must be a kind of sensor (${SENSOR_KIND_NAMES.join(", ")}) or the id of one`;
    default:
      return kind satisfies never;
  }
}

/**
 * Why this rule is not valid in a policy; `undefined` if it is. `*` stands for any characters; for lines, `GPIO17-27`
 * covers a range.
 */
export function deviceRuleProblem(kind: DeviceKind, rule: string): string | undefined {
  if (kind === "gpio") return lineRuleProblem(rule);
  if (!rule.includes("*")) return deviceProblem(kind, rule);
  const isPattern = rule.length <= MAX_ENTRY_CHARS &&
    (rule === "*" || /^(?:iio|w1|hwmon|thermal)\/./.test(rule));
  return isPattern ? undefined : 'must be "*", or a pattern of ids such as "w1/*"';
}

function lineRuleProblem(rule: string): string | undefined {
  const range = rangeOf(rule);
  if (range !== undefined) {
    if (range.from > range.to) return "must be a range from a lower to a higher number";
    return lineProblem(`${range.stem}${range.from}`);
  }
  return rule === "*" ? undefined : lineProblem(rule.replaceAll("*", "0"));
}

/**
 * Whether one of `allowed` covers `entry`. A kind covers all sensors of that kind. A pattern of ids covers only ids: a
 * kind could stand for any sensor.
 */
export function deviceCovers(kind: DeviceKind, allowed: readonly string[], entry: string): boolean {
  switch (kind) {
    case "gpio":
      return allowed.some((rule) => globMatches(rule, entry) || rangeCovers(rule, entry));
    case "sensors":
      return allowed.some((rule) =>
        rule === "*" || rule === entry || rule === sensorKindOf(entry) ||
        (rule.includes("*") && !isSensorKind(entry) && globMatches(rule, entry))
      );
    default:
      return kind satisfies never;
  }
}
