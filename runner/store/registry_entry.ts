/** What the registry keeps of an agent, as it is written and read. Pure. */
import { parseExactly } from "../../protocol/json.ts";
import * as v from "valibot";
import { DECIDED } from "../../protocol/language.ts";

const Config = v.record(v.string(), v.unknown());

const EntrySchema = v.object({
  /** The spawn config as it came. */
  config: Config,
  restart_count: v.pipe(v.number(), v.integer(), v.minValue(0)),
  paused: v.boolean(),
  /** Whether its `setup()` has returned at least once: only then is it brought back when a start fails. */
  has_run: v.boolean(),
  /** What its code has been found to be, where the config does not say it: nobody looks again. */
  reading: v.optional(v.picklist(DECIDED)),
  /** An update on probation: what runs again should the new code fail. */
  previous: v.optional(v.object({
    config: Config,
    restart_count: v.number(),
    paused: v.boolean(),
    /** What it had persisted; `null` for nothing. */
    state: v.nullable(v.record(v.string(), v.unknown())),
  })),
  /** It is on its way to another node, and may have to stay. */
  leaving: v.optional(v.object({ id: v.string(), to: v.string(), cooperative: v.boolean() })),
  /** It comes from another node, which has not let go of it yet. */
  arriving: v.optional(v.object({
    id: v.string(),
    from: v.string(),
    /** By which the old node seals its decisions. */
    key: v.optional(v.string()),
    /** The hash of what the old node has signed. */
    hand_over: v.optional(v.string()),
  })),
});

/** An agent that should run here. */
export type RegistryEntry = v.InferOutput<typeof EntrySchema>;

/** The agent an update has replaced. */
export type PreviousAgent = NonNullable<RegistryEntry["previous"]>;

const EndedSchema = v.object({
  why: v.picklist(["stop", "delete", "stop_all", "migrate"]),
  /** Seconds since the epoch, by this node's clock. */
  at: v.number(),
  /** `timestamp` of the newest desired_state that had been seen when it ended. */
  desired_seen: v.nullable(v.number()),
  /** The migration that took it away. */
  migration: v.optional(v.string()),
});

/** An agent that must not come back by a message older than its end. */
export type EndedRecord = v.InferOutput<typeof EndedSchema>;

/** @throws Error that says what is wrong */
export function parseEntry(text: string): RegistryEntry {
  return v.parse(EntrySchema, parseExactly(text));
}

/** @throws Error that says what is wrong */
export function parseEnded(text: string): EndedRecord {
  return v.parse(EndedSchema, JSON.parse(text));
}
