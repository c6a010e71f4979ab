/** Parses a policy strictly, because a misspelt rule would have no effect. Pure. */
import { isJsonObject } from "../../protocol/json.ts";
import { ExpectedError } from "../../protocol/expected_error.ts";
import * as v from "valibot";
import { MAX_FRAME_BYTES } from "../../protocol/frames.ts";
import { type DeviceKind, deviceRuleProblem, forEachKind } from "../../protocol/devices/devices.ts";
import { NO_PERMISSIONS, type PermissionKind } from "../../protocol/permissions.ts";
import { filterError } from "../../protocol/topics.ts";
import { ANY, ruleProblem } from "./covers.ts";
import { DEFAULT_POLICY, type Override, type Policy, type Rules } from "./policy.ts";

/** A policy that cannot be used; the message is for the operator. */
export class PolicyError extends ExpectedError {
  override name = "PolicyError";
  override readonly code = "usage";
}

const show = (value: unknown) => (JSON.stringify(value) ?? "undefined").slice(0, 80);
const text = v.string((issue) => `must be a string: current value is ${show(issue.input)}`);
const listOf = <T extends v.GenericSchema>(entry: T) =>
  v.array(entry, (issue) => `must be a list of strings: current value is ${show(issue.input)}`);
const number = (min: number, max: number) =>
  v.pipe(
    v.number((issue) => `must be a number: current value is ${show(issue.input)}`),
    v.check(
      (value) => value >= min && value <= max,
      (issue) => `must be from ${min} to ${max}: current value is ${show(issue.input)}`,
    ),
  );
const whole = (min: number, max: number) =>
  v.pipe(
    number(min, max),
    v.integer((issue) => `must be a whole number: current value is ${show(issue.input)}`),
  );
const object = v.custom<Record<string, unknown>>(
  isJsonObject,
  (issue) => `must be an object: current value is ${show(issue.input)}`,
);
const strict = <T extends v.ObjectEntries>(entries: T) =>
  v.pipe(
    object,
    v.strictObject(
      entries,
      ({ expected }) =>
        expected === "never" ? `is no rule: known are ${Object.keys(entries).join(", ")}` : "is missing",
    ),
  );

const rulesOf = (kind: PermissionKind) =>
  v.optional(listOf(v.pipe(
    text,
    v.check(
      (rule) => rule === ANY || ruleProblem(kind, rule) === undefined,
      (issue) => `${ruleProblem(kind, issue.input)}: current value is ${show(issue.input)}`,
    ),
  )));
const deviceRules = (kind: DeviceKind) =>
  v.optional(listOf(v.pipe(
    text,
    v.check(
      (rule) => deviceRuleProblem(kind, rule) === undefined,
      (issue) => `${deviceRuleProblem(kind, issue.input)}: current value is ${show(issue.input)}`,
    ),
  )));
const DEVICES = forEachKind(deviceRules);
const filters = v.optional(listOf(v.pipe(
  text,
  v.check(
    (filter) => filterError(filter) === undefined,
    (issue) => `must be a topic filter (${filterError(issue.input)}): current value is ${show(issue.input)}`,
  ),
)));

const credentials = strict({
  username: v.pipe(
    text,
    v.check((name) => /^[^\p{Cc}]{1,1000}$/u.test(name), "must be a user name at the broker"),
  ),
  password_file: v.pipe(
    text,
    v.check(
      (path) => path.startsWith("/"),
      (issue) => `must be an absolute path: current value is ${show(issue.input)}`,
    ),
  ),
});

/** What can be set for all agents, and for some. */
const RULES = {
  permissions: v.optional(strict({
    net: rulesOf("net"),
    read: rulesOf("read"),
    write: rulesOf("write"),
    env: rulesOf("env"),
    sys: rulesOf("sys"),
    run: rulesOf("run"),
    ffi: rulesOf("ffi"),
  })),
  devices: v.optional(strict(DEVICES)),
  install: v.optional(v.union(
    [
      v.boolean(),
      v.array(v.pipe(v.string(), v.regex(/^(npm|jsr|pypi):./))),
    ],
    (issue) =>
      `must be true, false, or a list of patterns such as "npm:ms" or "jsr:@std/*": current value is ${
        show(issue.input)
      }`,
  )),
  topics: v.optional(strict({ publish: filters, subscribe: filters, control: filters })),
  broker: v.optional(
    v.picklist(
      ["broker", "none"],
      (issue) => `must be "broker" or "none": current value is ${show(issue.input)}`,
    ),
  ),
  agent_credentials: v.optional(
    v.lazy((input) => input === false ? v.literal(false) : credentials),
  ),
  memory_mb: v.optional(whole(32, 1_048_576)),
  heap_mb: v.optional(whole(16, 65_536)),
  state_mb: v.optional(number(0.01, 1024)),
  // Below this, an agent does not start within a reasonable time.
  cpu_percent: v.optional(whole(5, 100_000)),
  // Below this, the answers of a busy agent to its watchdog would come too late.
  messages_per_second: v.optional(whole(100, 10_000_000)),
  output_kb_per_second: v.optional(whole(64, 10_000_000)),
  message_kb: v.optional(number(0.1, MAX_FRAME_BYTES / 1024)),
  subscriptions: v.optional(whole(0, 1000)),
  pending_tasks: v.optional(whole(1, 1000)),
} as const satisfies Readonly<Record<keyof Rules, unknown>>;

const PolicySchema = strict({
  $schema: v.optional(text),
  max_agents: v.optional(whole(0, 100_000)),
  total_memory_mb: v.optional(whole(64, 16_777_216)),
  total_cpu_percent: v.optional(whole(10, 100_000)),
  total_disk_mb: v.optional(number(1, 16_777_216)),
  ...RULES,
  agents: v.optional(v.pipe(
    object,
    // These keys would be silently ignored.
    v.check(
      (agents) => !["__proto__", "constructor", "prototype"].some((name) => Object.hasOwn(agents, name)),
      "must not hold __proto__, constructor or prototype: use a pattern such as constructor*",
    ),
    v.record(
      v.pipe(
        v.string(),
        v.regex(/^[A-Za-z0-9._*-]+$/, "is no pattern of agents' names: * stands for any characters"),
      ),
      strict(RULES),
    ),
  )),
});

/**
 * Reads the text of a policy file.
 * @param origin how error messages name it
 * @throws PolicyError "permissions.nte is no rule: known are net, read, …"
 */
export function parsePolicy(source: string, origin: string): Policy {
  let json: unknown;
  try {
    json = JSON.parse(source);
  } catch (error) {
    throw new PolicyError(`it is not JSON: ${(error as Error).message}`);
  }
  const parsed = v.safeParse(PolicySchema, json);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new PolicyError(`${v.getDotPath(issue) ?? "it"} ${issue.message}`);
  }
  const { $schema: _schema, agents = {}, permissions = {}, devices = {}, topics = {}, ...others } =
    parsed.output;
  const {
    max_agents = DEFAULT_POLICY.max_agents,
    total_memory_mb,
    total_cpu_percent,
    total_disk_mb,
    ...rest
  } = others;
  const defaults = DEFAULT_POLICY.rules;
  return {
    max_agents,
    total_memory_mb,
    total_cpu_percent,
    total_disk_mb,
    rules: {
      ...defaults,
      ...set(rest),
      permissions: { ...NO_PERMISSIONS, ...set(permissions) },
      devices: { ...defaults.devices, ...set(devices) },
      topics: { ...defaults.topics, ...set(topics) },
    },
    overrides: Object.entries(agents).map(([pattern, rules]) => ({ pattern, rules: set(rules) as Override })),
    origin,
  };
}

/** Removes the keys whose value is `undefined`. */
function set<T extends object>(rules: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(rules).filter(([, value]) => value !== undefined)) as T as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
