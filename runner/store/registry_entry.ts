/** The registry's record of an agent, written and parsed. Pure. */
import { parseExactly } from "../../protocol/json.ts";
import * as v from "valibot";
import { DECIDED } from "../../protocol/language.ts";

const Config = v.record(v.string(), v.unknown());

const EntrySchema = v.object({
  /** The spawn config as received. */
  config: Config,
  restart_count: v.pipe(v.number(), v.integer(), v.minValue(0)),
  paused: v.boolean(),
  /** Whether its `setup()` has returned at least once; only then is the agent restarted after a failed start. */
  has_run: v.boolean(),
  /** The digest of the spawn that started it. */
  spawn: v.optional(v.string()),
  /** The language detected from the code, if the config does not name it; cached so that detection runs once. */
  reading: v.optional(v.picklist(DECIDED)),
  /** An update on probation: what to run again if the new code fails. */
  previous: v.optional(v.object({
    config: Config,
    restart_count: v.number(),
    paused: v.boolean(),
    /** What the previous code had persisted; `null` for nothing. */
    state: v.nullable(v.record(v.string(), v.unknown())),
  })),
  /** The agent is migrating to another node and may have to stay. */
  leaving: v.optional(v.object({ id: v.string(), to: v.string(), cooperative: v.boolean() })),
  /** The agent comes from another node, which has not released it yet. */
  arriving: v.optional(v.object({
    id: v.string(),
    from: v.string(),
    /** The key with which the old node signs its decisions. */
    key: v.optional(v.string()),
    /** The hash of what the old node signed. */
    hand_over: v.optional(v.string()),
  })),
});

/** An agent that should run here. */
export type RegistryEntry = v.InferOutput<typeof EntrySchema>;

/** The agent that an update replaced. */
export type PreviousAgent = NonNullable<RegistryEntry["previous"]>;

const EndedSchema = v.object({
  why: v.picklist(["stop", "delete", "stop_all", "migrate", "yield"]),
  /** Seconds since the epoch, by this node's clock. */
  at: v.number(),
  /** `timestamp` of the newest desired_state seen when the agent ended. */
  desired_seen: v.nullable(v.number()),
  /** The digest of the spawn that had started it: members of a broker may retain it still. */
  spawn: v.optional(v.string()),
  /** The migration that moved it away. */
  migration: v.optional(v.string()),
});

/** An ended agent: messages older than its end must not bring it back. */
export type EndedRecord = v.InferOutput<typeof EndedSchema>;

/** @throws Error that says what is wrong */
export function parseEntry(text: string): RegistryEntry {
  return v.parse(EntrySchema, parseExactly(text));
}

/** @throws Error that says what is wrong */
export function parseEnded(text: string): EndedRecord {
  return v.parse(EndedSchema, JSON.parse(text));
}
