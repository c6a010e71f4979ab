/** Lines of GPIO chips as agents name them, and how one is set up. Pure. */
import type { DeviceProblem } from "./problem.ts";

/** How a line is set up. Levels are logical: with `active_low`, 1 is the low level of the wire. */
export interface GpioOptions {
  readonly direction: "in" | "out";
  /** Inputs: which changes are reported. */
  readonly edges: "rising" | "falling" | "both" | "none";
  readonly bias: "as-is" | "up" | "down" | "off";
  /** Inputs: how long a level must last before it counts, in milliseconds (0 = at once). */
  readonly debounce_ms: number;
  readonly active_low: boolean;
  /** Outputs: the level at the start. */
  readonly initial: 0 | 1;
  /** Outputs: the level while no agent drives the line. */
  readonly safe: 0 | 1;
}

export type GpioAction = { readonly do: "level" } | { readonly do: "set"; readonly value: 0 | 1 };

/** A change of a line: seconds on the kernel's monotonic clock, and the level after it. */
export type Edge = readonly [timestamp: number, value: 0 | 1];

/** A GPIO chip of a node. */
export interface GpioChip {
  /** The name of its device node in `/dev`, such as `gpiochip0`. */
  readonly chip: string;
  /** The names of its lines, indexed by line number; `""` for a line without a name. */
  readonly names: readonly string[];
}

/** A line by its chip and number: two names may mean the same line. */
export interface Line {
  readonly chip: string;
  readonly offset: number;
}

/** A chip as the inventory of its node lists it. */
export interface HeldChip extends GpioChip {
  /** The agents that hold lines, by line number. */
  readonly holders: Readonly<Record<string, string>>;
  /** Why the node cannot use it; absent if it can. */
  readonly problem?: DeviceProblem;
}

const MAX_DEBOUNCE_MS = 10_000;
const NAME = /^[A-Za-z][\w+#./-]{0,31}$/;
const OF_CHIP = /^(gpiochip\d{1,3}):(\d{1,4})$/;

/** Why no agent can ask for this line; `undefined` if it can. */
export function lineProblem(entry: string): string | undefined {
  return NAME.test(entry) || OF_CHIP.test(entry)
    ? undefined
    : "must be the name of a GPIO line, such as GPIO17, or CHIP:LINE, such as gpiochip0:17";
}

/** Why this rule is not valid in a policy; `undefined` if it is. `GPIO17-27` covers a range. */
export function lineRuleProblem(rule: string): string | undefined {
  const range = rangeOf(rule);
  if (range !== undefined) {
    if (range.from > range.to) return "must be a range from a lower to a higher number";
    return lineProblem(`${range.stem}${range.from}`);
  }
  return rule === "*" ? undefined : lineProblem(rule.replaceAll("*", "0"));
}

/** The line that a spawn config entry names; `undefined` if there is no such chip or name. */
export function lineOf(entry: string, chips: readonly GpioChip[]): Line | undefined {
  const given = lineOfChip(entry);
  if (given !== undefined) return chips.some(({ chip }) => chip === given.chip) ? given : undefined;
  for (const { chip, names } of chips) {
    // Lines without a name have an empty one.
    const offset = entry === "" ? -1 : names.indexOf(entry);
    if (offset >= 0) return { chip, offset };
  }
  return undefined;
}

/** The error for an unknown line: lists the lines that the node has. */
export function noSuchLine(chips: readonly GpioChip[]): string {
  if (chips.length === 0) return "there is no GPIO chip that its kernel knows";
  const names = chips.flatMap(({ names }) => names).filter((name) => name !== "");
  const shown = names.length === 0
    ? `lines without names, such as ${chips[0]?.chip}:0`
    : `${names.slice(0, 40).join(", ")}${names.length > 40 ? ", …" : ""}`;
  return `there is no such line; ${chips.map(({ chip }) => chip).join(", ")} has ${shown}`;
}

/** Parses `CHIP:NUMBER`; `undefined` for a line name. */
function lineOfChip(entry: string): Line | undefined {
  const [, chip, offset] = OF_CHIP.exec(entry) ?? [];
  return chip === undefined ? undefined : { chip, offset: Number(offset) };
}

/** Whether `rule` is a range such as `GPIO17-27` or `gpiochip0:0-7` that contains `entry`. */
export function rangeCovers(rule: string, entry: string): boolean {
  const range = rangeOf(rule);
  if (range === undefined || !entry.startsWith(range.stem)) return false;
  const number = entry.slice(range.stem.length);
  return /^(?:0|[1-9]\d{0,3})$/.test(number) && Number(number) >= range.from && Number(number) <= range.to;
}

/** @returns `undefined` if it is not a range */
function rangeOf(
  rule: string,
): { readonly stem: string; readonly from: number; readonly to: number } | undefined {
  const at = rule.lastIndexOf("-");
  const [from] = /\d{1,4}$/.exec(rule.slice(0, Math.max(at, 0))) ?? [];
  const to = rule.slice(at + 1);
  if (from === undefined || !/^\d{1,4}$/.test(to)) return undefined;
  return { stem: rule.slice(0, at - from.length), from: Number(from), to: Number(to) };
}

/**
 * The options with defaults filled in.
 * @throws TypeError "safe must be 0 or 1: an output says its level while no agent drives it"
 */
export function readGpioOptions(given: unknown): GpioOptions {
  const options = (given ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof options !== "object") throw new TypeError("the options must be an object");
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(DEFAULTS, name));
  if (unknown !== undefined) {
    throw new TypeError(`there is no option ${unknown}: there are ${Object.keys(DEFAULTS).join(", ")}`);
  }
  const pick = <T>(name: keyof GpioOptions, choices: readonly T[]): T => {
    const value = options[name] ?? DEFAULTS[name];
    if (choices.includes(value as T)) return value as T;
    throw new TypeError(`${name} must be ${choices.map((choice) => JSON.stringify(choice)).join(" or ")}`);
  };
  const direction = pick("direction", ["in", "out"] as const);
  if (direction === "out" && options.safe !== 0 && options.safe !== 1) {
    throw new TypeError("safe must be 0 or 1: an output says its level while no agent drives it");
  }
  const edges = pick("edges", ["rising", "falling", "both", "none"] as const);
  if (direction === "out" && edges !== "none") throw new TypeError("edges are those of an input");
  const debounce_ms = options.debounce_ms ?? 0;
  if (typeof debounce_ms !== "number" || !(debounce_ms >= 0 && debounce_ms <= MAX_DEBOUNCE_MS)) {
    throw new TypeError(`debounce_ms must be from 0 to ${MAX_DEBOUNCE_MS}`);
  }
  const safe = pick("safe", [0, 1] as const);
  return {
    direction,
    edges,
    bias: pick("bias", ["as-is", "up", "down", "off"] as const),
    debounce_ms,
    active_low: pick("active_low", [true, false]),
    initial: options.initial === undefined ? safe : pick("initial", [0, 1] as const),
    safe,
  };
}

const DEFAULTS: GpioOptions = {
  direction: "in",
  edges: "none",
  bias: "as-is",
  debounce_ms: 0,
  active_low: false,
  initial: 0,
  safe: 0,
};
