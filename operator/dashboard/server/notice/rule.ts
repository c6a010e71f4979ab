/** Parses the rules that people write. Pure. */
import * as v from "valibot";
import { filterError } from "../../../../protocol/topics.ts";
import { RequestError } from "../../../http/bodies.ts";
import { LEVELS } from "../../wire.ts";
import { COMPARISONS, type RuleFields, WATCHED_STATES } from "../../notice_wire.ts";

const MAX_NAME = 100;
const MAX_CHANNELS = 20;
/** 30 days, in seconds. */
const MAX_SECONDS = 30 * 24 * 3600;

const text = v.pipe(v.string("must be text"), v.maxLength(300, "must not exceed 300 characters"));
const pattern = v.pipe(text, v.nonEmpty("must not be empty: * is any name"));
const seconds = v.pipe(
  v.number("must be a number of seconds"),
  v.minValue(0, "must not be below 0"),
  v.maxValue(MAX_SECONDS, `must not be above ${MAX_SECONDS}`),
);

const WatchSchema = v.variant("kind", [
  v.strictObject({ kind: v.literal("node_off"), node: pattern }),
  v.strictObject({
    kind: v.literal("agent_state"),
    agent: pattern,
    states: v.pipe(
      v.array(v.picklist(WATCHED_STATES, `must be of ${WATCHED_STATES.join(", ")}`), "must be a list"),
      v.minLength(1, "must name a state"),
    ),
  }),
  v.strictObject({
    kind: v.literal("alert"),
    agent: pattern,
    severity: v.picklist(LEVELS, `must be one of ${LEVELS.join(", ")}`),
  }),
  v.strictObject({
    kind: v.literal("reading"),
    topic: v.pipe(text, v.check((topic) => filterError(topic) === undefined, "must be a topic or a filter")),
    field: text,
    compare: v.picklist(COMPARISONS, `must be one of ${COMPARISONS.join(", ")}`),
    limit: v.pipe(v.number("must be a number"), v.finite("must be finite")),
  }),
  v.strictObject({ kind: v.literal("broker_off") }),
], "must be a watch of a known kind");

const RuleSchema = v.strictObject({
  name: v.pipe(
    v.string("must be text"),
    v.trim(),
    v.nonEmpty("must not be empty"),
    v.maxLength(MAX_NAME, `must not exceed ${MAX_NAME} characters`),
  ),
  watch: WatchSchema,
  hold_seconds: seconds,
  calm_seconds: seconds,
  repeat_seconds: v.pipe(
    seconds,
    v.check((value) => value === 0 || value >= 60, "must be 0, for never, or 60 and above"),
  ),
  channels: v.pipe(
    v.array(v.string("must be names of channels"), "must be a list"),
    v.maxLength(MAX_CHANNELS, "has too many channels"),
  ),
  enabled: v.boolean("must be true or false"),
});

/** @param channels the names that exist @throws RequestError that names the wrong field */
export function parseRule(fields: unknown, channels: readonly string[]): RuleFields {
  const result = v.safeParse(RuleSchema, fields);
  if (!result.success) {
    const [issue] = result.issues;
    const path = v.getDotPath(issue) ?? "the rule";
    const message = issue.type === "strict_object" ? "is missing, or not a field of a rule" : issue.message;
    throw new RequestError("usage", `${path}: ${message}`);
  }
  const unknown = result.output.channels.find((name) => !channels.includes(name));
  if (unknown !== undefined) {
    const known = channels.length === 0 ? "none is configured" : `known: ${channels.join(", ")}`;
    throw new RequestError("usage", `channels: no channel is called '${unknown}': ${known}`);
  }
  return result.output;
}
