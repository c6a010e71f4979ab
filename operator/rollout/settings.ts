/** How a roll-out is to go, as the fleet file or flags say. Pure. */
import * as v from "valibot";
import { ConfigError } from "../../protocol/config/config_error.ts";
import { isName, NAME_RULE } from "../../protocol/names.ts";
import { filterError } from "../../protocol/topics.ts";
import type { Limits } from "./state.ts";
import { DEFAULT_WAVES, parseWaves } from "./waves.ts";

/** What else must hold before a wave has passed. `{node}` in a text stands for each node of the wave. */
export type Check =
  /** An agent answers a task, as expected if that is given. */
  | { readonly task: string; readonly payload?: unknown; readonly expect?: unknown }
  /** A message on the topic comes during the soak. */
  | { readonly topic: string };

export interface RolloutSettings {
  /** Such as `1`, `10%`, `room=kitchen` and `rest`. */
  readonly waves: readonly string[];
  readonly limits: Limits;
  readonly checks: readonly Check[];
}

export const ON_FAILURE = ["halt", "rollback"] as const;
export const DEFAULT_SOAK_SECONDS = 60;
const MAX_SOAK_MS = 30 * 86_400_000;
const MAX_FAILURES = 100_000;
const UNITS_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const WHOLE = `must be a whole number from 0 to ${MAX_FAILURES}`;

const agentName = v.pipe(
  v.string(),
  v.check((text) => isName(text.replaceAll("{node}", "n")), `must be ${NAME_RULE}, with {node} or without`),
);

const CheckSchema = v.union([
  v.strictObject({
    task: agentName,
    payload: v.optional(v.unknown()),
    expect: v.optional(v.unknown()),
  }),
  v.strictObject({
    topic: v.pipe(v.string(), v.check((text) => filterError(text) === undefined, "must be an MQTT topic")),
  }),
], 'must be {"task", "payload"?, "expect"?} or {"topic"}');

/** The `rollout` of a fleet file. */
export const RolloutSchema = v.strictObject(
  {
    waves: v.optional(v.pipe(
      v.array(v.union([v.string(), v.pipe(v.number(), v.transform(String))]), "must be a list of waves"),
      worded((waves) => parseWaves(waves)),
    )),
    soak: v.optional(v.pipe(
      v.union([v.string(), v.number()], "must be a time such as 60, 90s or 5m"),
      worded((soak) => parseTime(String(soak))),
    )),
    max_failures: v.optional(
      v.pipe(v.number(WHOLE), v.integer(WHOLE), v.minValue(0, WHOLE), v.maxValue(MAX_FAILURES, WHOLE)),
    ),
    on_failure: v.optional(v.picklist(ON_FAILURE, `must be one of ${ON_FAILURE.join(", ")}`)),
    checks: v.optional(v.array(CheckSchema, "must be a list of checks")),
  },
  (issue) =>
    issue.expected === "never"
      ? "is not a field: the fields are waves, soak, max_failures, on_failure, checks"
      : "must be an object",
);

/** What the file or the flags say; the rest has defaults. */
export type GivenRollout = v.InferOutput<typeof RolloutSchema>;

/** Checks a value by a parser, whose error becomes the message. */
function worded<T>(parse: (value: T) => unknown) {
  return v.rawCheck<T>(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    try {
      parse(dataset.value);
    } catch (error) {
      addIssue({ message: `is not right: ${(error as Error).message}` });
    }
  });
}

/** @param given of several, the later ones count more @throws ConfigError */
export function rolloutSettings(...given: readonly (GivenRollout | undefined)[]): RolloutSettings {
  const {
    waves = DEFAULT_WAVES,
    soak = DEFAULT_SOAK_SECONDS,
    max_failures: maxFailures = 0,
    on_failure: onFailure = "halt",
    checks = [],
  } = Object.assign({}, ...given) as GivenRollout;
  parseWaves(waves);
  return {
    waves,
    limits: { soakMs: parseTime(String(soak)), maxFailures, onFailure },
    checks: checks as readonly Check[],
  };
}

/** @param text seconds, or a number with a unit such as `90s`, `5m`, `2h` @returns milliseconds @throws ConfigError */
export function parseTime(text: string): number {
  const [, number, unit] = /^(\d{1,9}(?:\.\d{1,3})?)([smhd]?)$/.exec(text) ?? [];
  const ms = Number(number) * (UNITS_MS[unit || "s"] ?? NaN);
  if (ms <= MAX_SOAK_MS) return ms;
  throw new ConfigError(`A time is such as 60, 90s, 5m or 2h, and up to 30d: current value is '${text}'`);
}
