/** The spawn config: what a sender asks a node to run, parsed once at the edge. */
import { asNumber, isJsonObject } from "./json.ts";
import { ExpectedError } from "./expected_error.ts";
import * as v from "valibot";
import { PERMISSION_KINDS, type Permissions } from "./permissions.ts";
import {
  DEVICE_KINDS,
  type DeviceKind,
  deviceProblem,
  type Devices,
  forEachKind,
} from "./devices/devices.ts";
import { withImplied } from "./devices/implied.ts";
import { type Language, LANGUAGES, type Reading, readingOf } from "./language.ts";
import { isName, NAME_RULE } from "./names.ts";
import { SPAWN_FIELDS } from "./spawn_fields.ts";

/** Source text of an agent, in bytes of UTF-8. */
export const MAX_CODE_BYTES = 1024 * 1024;
const MAX_LIST_ITEMS = 256;
const MAX_PERMISSION_CHARS = 1024;

/** The migration that brings an agent from another node. */
export interface Migration {
  readonly id: string;
  readonly from: string;
  readonly paused: boolean;
  /** Public key (Ed25519, base64url) with which the old node signs its decisions; without it, any decision is accepted. */
  readonly key?: string | undefined;
  /** Signature with that key over exactly what the old node hands over. */
  readonly hand_over?: string | undefined;
  /** The persisted state, encrypted for this node; otherwise it is in `state`. */
  readonly sealed?: string | undefined;
}

/** The fields this node reads. `raw` is the config as received, so that unknown fields survive a migration. */
export interface SpawnConfig {
  readonly name: string;
  readonly code: string;
  /** Detected from the code if the sender does not name it. */
  readonly language: Language | undefined;
  /** The language to assume. Detected once, on first access. */
  readonly reading: Reading;
  /** The intended node, if the sender named one. */
  readonly node?: string | undefined;
  readonly description: string;
  readonly capabilities: readonly string[];
  readonly input_schema: Readonly<Record<string, unknown>>;
  readonly output_schema: Readonly<Record<string, unknown>>;
  /** Seconds between two `process()` calls. */
  readonly poll_interval: number;
  readonly max_restarts: number;
  /** Seconds; doubled at each restart. */
  readonly restart_delay: number;
  /** `npm:` and `jsr:` specifiers, as written. */
  readonly install: readonly string[];
  /** The permissions it asks for beyond the default sandbox. */
  readonly permissions: Permissions;
  /** The devices of its node that it asks for. */
  readonly devices: Devices;
  readonly replace: boolean;
  /** Whether the replaced code runs again when the new code fails. */
  readonly rollback: boolean;
  /** How many successful `process()` calls make an update successful. */
  readonly rollback_calls: number;
  /** The epoch of this placement of the name. */
  readonly epoch: number;
  /** Names of secrets it asks for; the node decides which it gets. */
  readonly secrets: readonly string[];
  /** What the agent persisted on the previous node. */
  readonly state: Readonly<Record<string, unknown>> | undefined;
  /** The migration that brings it. */
  readonly migration: Migration | undefined;
  readonly raw: Readonly<Record<string, unknown>>;
}

/** A spawn config that cannot be used; the message is for the operator. */
export class SpawnConfigError extends ExpectedError {
  override name = "SpawnConfigError";
  override readonly code = "usage";
  /** @param agent the agent's name, if it could be read */
  constructor(readonly agent: string | undefined, message: string) {
    super(message);
  }
}

const seconds = (bounds: { readonly above?: number; readonly min?: number; readonly max: number }) => {
  const { above = -Infinity, min = -Infinity, max } = bounds;
  const rule = bounds.above === undefined ? `${min} or more` : `above ${above}`;
  return v.pipe(
    v.unknown(),
    v.transform(asNumber),
    v.number((issue) => `must be a number: current value is ${show(issue.input)}`),
    v.finite("must be a finite number"),
    v.check(
      (value) => value > above && value >= min,
      (issue) => `must be ${rule}: current value is ${show(issue.input)}`,
    ),
    v.maxValue(max, (issue) => `must not exceed ${max} s: current value is ${show(issue.input)}`),
  );
};
const text = v.string((issue) => `must be a string: current value is ${show(issue.input)}`);
const object = v.custom<Record<string, unknown>>(
  isJsonObject,
  (issue) => `must be an object: current value is ${show(issue.input)}`,
);
const strings = v.pipe(
  v.array(text, (issue) => `must be a list of strings: current value is ${show(issue.input)}`),
  v.maxLength(MAX_LIST_ITEMS, `must not have more than ${MAX_LIST_ITEMS} entries`),
);
const flag = v.boolean((issue) => `must be true or false: current value is ${show(issue.input)}`);
const count = ({ max }: { readonly max: number }) =>
  v.pipe(
    v.unknown(),
    v.transform(asNumber),
    v.number((issue) => `must be a whole number: current value is ${show(issue.input)}`),
    v.integer((issue) => `must be a whole number: current value is ${show(issue.input)}`),
    v.minValue(0, (issue) => `must be 0 or more: current value is ${show(issue.input)}`),
    v.maxValue(max, (issue) => `must not exceed ${max}: current value is ${show(issue.input)}`),
  );

/** Deno separates the entries of a permission by commas. */
const permission = v.pipe(
  text,
  v.check(
    (entry) => entry.trim() !== "" && entry.length <= MAX_PERMISSION_CHARS && !/[,\p{Cc}]/u.test(entry),
    (issue) =>
      `must be 1 to ${MAX_PERMISSION_CHARS} characters without commas: current value is ${show(issue.input)}`,
  ),
);
const permissions = v.nullish(
  v.pipe(
    v.array(permission, (issue) => `must be a list of strings: current value is ${show(issue.input)}`),
    v.maxLength(MAX_LIST_ITEMS, `must not have more than ${MAX_LIST_ITEMS} entries`),
  ),
  [],
);
const PermissionsSchema = v.pipe(
  object,
  v.strictObject({
    net: permissions,
    read: permissions,
    write: permissions,
    env: permissions,
    sys: permissions,
    run: permissions,
    ffi: permissions,
  }, `is not a permission: known are ${PERMISSION_KINDS.join(", ")}`),
);

const entriesOf = (kind: DeviceKind) =>
  v.nullish(
    v.pipe(
      v.array(
        v.pipe(
          text,
          v.check(
            (entry) => deviceProblem(kind, entry) === undefined,
            (issue) => `${deviceProblem(kind, String(issue.input))}: current value is ${show(issue.input)}`,
          ),
        ),
        (issue) => `must be a list of strings: current value is ${show(issue.input)}`,
      ),
      v.maxLength(MAX_LIST_ITEMS, `must not have more than ${MAX_LIST_ITEMS} entries`),
    ),
    [],
  );
const DevicesSchema = v.pipe(
  object,
  v.strictObject(
    forEachKind(entriesOf),
    `is not a kind of device: known are ${DEVICE_KINDS.join(", ")}`,
  ),
);

const FIELDS = SPAWN_FIELDS;

/** `nullish`: `null` is how senders in other languages write "not set". */
const SpawnSchema = v.object({
  name: v.pipe(
    text,
    v.check((name) => isName(name), (issue) => `must be ${NAME_RULE}: current value is ${show(issue.input)}`),
  ),
  code: v.pipe(
    text,
    v.check((code) => code.trim() !== "", "must not be empty"),
    v.check(
      (code) => byteLength(code) <= MAX_CODE_BYTES,
      (issue) => `must not exceed ${MAX_CODE_BYTES} bytes: it has ${byteLength(issue.input)}`,
    ),
  ),
  language: v.nullish(
    v.picklist(
      LANGUAGES,
      (issue) => `must be one of ${LANGUAGES.join(", ")}: current value is ${show(issue.input)}`,
    ),
  ),
  node: v.nullish(text),
  type: v.nullish(
    v.literal("dynamic", (issue) => `must be "dynamic": current value is ${show(issue.input)}`),
    "dynamic",
  ),
  description: v.nullish(
    v.pipe(
      text,
      v.maxLength(FIELDS.description.maxLength, `must not exceed ${FIELDS.description.maxLength} characters`),
    ),
    FIELDS.description.default,
  ),
  capabilities: v.nullish(strings, []),
  input_schema: v.nullish(object, {}),
  output_schema: v.nullish(object, {}),
  poll_interval: v.nullish(seconds(FIELDS.poll_interval), FIELDS.poll_interval.default),
  max_restarts: v.nullish(count(FIELDS.max_restarts), FIELDS.max_restarts.default),
  restart_delay: v.nullish(seconds(FIELDS.restart_delay), FIELDS.restart_delay.default),
  install: v.nullish(
    v.union(
      [v.pipe(text, v.transform(splitList)), strings],
      (issue) => `must be a list of strings, or one string: current value is ${show(issue.input)}`,
    ),
    [],
  ),
  permissions: v.nullish(PermissionsSchema, {}),
  devices: v.nullish(DevicesSchema, {}),
  replace: v.nullish(flag, FIELDS.replace.default),
  rollback: v.nullish(flag, FIELDS.rollback.default),
  rollback_calls: v.nullish(count(FIELDS.rollback_calls), FIELDS.rollback_calls.default),
  epoch: v.nullish(count(FIELDS.epoch), FIELDS.epoch.default),
  secrets: v.nullish(strings, []),
  state: v.nullish(object),
  migration: v.nullish(
    v.object(
      {
        id: text,
        from: text,
        paused: v.nullish(flag, false),
        key: v.optional(text),
        hand_over: v.optional(text),
        sealed: v.optional(text),
      },
      "must be an object with id and from",
    ),
  ),
});

/**
 * Reads one spawn config.
 * @param node the node that reads it: a config meant for another node is refused
 * @param known the language detected earlier
 * @throws SpawnConfigError "Cannot spawn 'x': poll_interval must be above 0: current value is -1"
 */
export function parseSpawnConfig(value: unknown, node: string, known?: Reading): SpawnConfig {
  if (!isJsonObject(value)) {
    throw new SpawnConfigError(
      undefined,
      `Cannot spawn: the config must be a JSON object, got ${show(value)}`,
    );
  }
  const given = value as Record<string, unknown>;
  const agent = isName(given.name) ? given.name : undefined;
  const label = agent === undefined ? "Cannot spawn" : `Cannot spawn '${agent}'`;
  const parsed = v.safeParse(SpawnSchema, given);
  if (!parsed.success) {
    const issue = parsed.issues[0];
    const field = v.getDotPath(issue) ?? "config";
    const missing = issue.input === undefined;
    throw new SpawnConfigError(agent, `${label}: ${field} ${missing ? "is missing" : issue.message}`);
  }
  const { type: _type, language, node: target, state, migration, ...fields } = parsed.output;
  if (target !== undefined && target !== null && target !== node) {
    throw new SpawnConfigError(agent, `${label}: it is meant for node ${show(target)}, this is '${node}'`);
  }
  const { _reply_topic: _reply, _sent, state: _state, migration: _migration, _migrate_jws: _order, ...raw } =
    given;
  const readable = { language: language ?? undefined, code: fields.code, install: fields.install };
  let reading = known;
  return Object.freeze({
    ...fields,
    devices: withImplied(fields.devices, fields.install),
    language: readable.language,
    get reading() {
      return reading ??= readingOf(readable);
    },
    node: target ?? undefined,
    state: state ?? undefined,
    migration: migration ?? undefined,
    raw: Object.freeze(raw),
  });
}

function splitList(list: string): string[] {
  return list.split(/[\s,]+/).filter((item) => item !== "");
}

function byteLength(source: unknown): number {
  return new TextEncoder().encode(String(source)).length;
}

/** A value as an error message shows it: JSON, cut to 80 characters. */
function show(value: unknown): string {
  const json = value === undefined ? "undefined" : JSON.stringify(value);
  return json.length > 80 ? `${json.slice(0, 79)}…` : json;
}
