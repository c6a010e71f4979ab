/** A roll-out as the broker retains it: its progress, and what it changes. Pure except for gzip. */
import * as v from "valibot";
import { isWanted } from "../fleet/history.ts";
import { opened, type Seal, sealed, type Sealer, type TrustedKeys } from "../fleet/seal.ts";
import type { JsonObject } from "../../protocol/json.ts";
import type { GitState } from "../git_state.ts";
import { gunzip, gzip } from "../gzip.ts";
import type { Change } from "./compose.ts";
import type { Check } from "./settings.ts";
import type { RolloutState } from "./state.ts";

/** The progress of a roll-out. */
export interface Rollout {
  readonly id: string;
  readonly fleet: string;
  readonly by: string;
  readonly message: string;
  /** Seconds since the epoch. */
  readonly at: number;
  /** Identifies the process that carries it out; whoever goes on puts its own here. */
  readonly executor: string;
  readonly state: RolloutState;
}

/** What a roll-out changes. */
export interface RolloutPlan extends Change {
  readonly id: string;
  /** What runs on these nodes although no generation says so; put back by a rollback. */
  readonly unlisted: Change["base"];
  /** The tag of the generation that it is based on; empty for the first one. */
  readonly baseTag: string;
  readonly prune: boolean;
  /** Whether it goes back to an earlier generation: agents that were added since are stopped. */
  readonly isRollback: boolean;
  /** The roll-out that was halted, and which this one takes back. */
  readonly takesBack?: string | undefined;
  readonly checks: readonly Check[];
  /** Of the repository in which the fleet file lies. */
  readonly git?: GitState | undefined;
}

const Names = v.array(v.string());
const Reasons = v.record(v.string(), v.string());
const How = v.picklist(["done", "halted", "rolled_back", "aborted"]);
const Ends = v.object({ how: How, why: v.string() });
const Id = v.pipe(v.string(), v.regex(/^[0-9a-f-]{8,36}$/));

const StateSchema = v.object({
  limits: v.object({
    soakMs: v.number(),
    maxFailures: v.number(),
    onFailure: v.picklist(["halt", "rollback"]),
  }),
  waves: v.array(Names),
  wave: v.number(),
  phase: v.variant("kind", [
    v.object({ kind: v.literal("ready") }),
    v.object({ kind: v.literal("changing"), nodes: Names, isSent: v.boolean() }),
    v.object({ kind: v.literal("soaking"), nodes: Names, untilMs: v.number() }),
    v.object({ kind: v.literal("withdrawing"), nodes: Names, ends: Ends }),
    v.object({ kind: v.literal("reverting"), nodes: Names, ends: Ends }),
    v.object({ kind: v.literal("ended"), how: How, why: v.string() }),
  ]),
  changed: Names,
  failures: Reasons,
  pending: Reasons,
  isPaused: v.boolean(),
  aborts: v.pipe(
    v.optional(v.object({ reverts: v.boolean(), by: v.string() })),
    v.transform((aborts) => aborts),
  ),
});

const RolloutSchema = v.object({
  id: Id,
  fleet: v.string(),
  by: v.string(),
  message: v.string(),
  at: v.number(),
  executor: v.string(),
  state: StateSchema,
});

const WantedList = v.array(v.custom<Change["wanted"][number]>(isWanted));

const PlanSchema = v.object({
  id: Id,
  wanted: WantedList,
  base: WantedList,
  unlisted: WantedList,
  baseTag: v.string(),
  prune: v.boolean(),
  isRollback: v.boolean(),
  takesBack: v.optional(v.string()),
  git: v.optional(v.object({ commit: v.string(), isDirty: v.boolean() })),
  checks: v.array(v.custom<Check>((check) => typeof check === "object" && check !== null)),
});

/** A roll-out as it lies at the broker. */
export interface KeptRollout extends Rollout {
  /** Whose signature it has. */
  readonly seal: Seal;
}

/** @param sealer `undefined`: it is not signed */
export async function packedRollout(rollout: Rollout, sealer: Sealer | undefined): Promise<string> {
  return await sealed("rollout", rollout.fleet, rollout, sealer);
}

/** @returns `undefined` if the payload is not a roll-out of that fleet: any client can publish one */
export function rolloutIn(
  payload: Uint8Array,
  fleet: string,
  keys: TrustedKeys = new Map(),
): KeptRollout | undefined {
  const record = opened("rollout", fleet, new TextDecoder().decode(payload), keys);
  const read = v.safeParse(RolloutSchema, record?.fields);
  if (record === undefined || !read.success || read.output.fleet !== fleet) return undefined;
  const { state } = read.output;
  return { ...read.output, state: { ...state, aborts: state.aborts }, seal: record.seal };
}

/** @returns `undefined` if it is no plan of a fleet */
export function fleetPlanIn(fields: JsonObject): RolloutPlan | undefined {
  const read = v.safeParse(PlanSchema, fields);
  return read.success ? read.output : undefined;
}

/** What a roll-out changes, of whatever kind. */
export interface AnyPlan {
  /** The identity of the roll-out. */
  readonly id: string;
}

/** Reads a plan of one kind. @returns `undefined` if it is none */
export type ReadPlan<T extends AnyPlan> = (fields: JsonObject) => T | undefined;

/** @param sealer `undefined`: it is not signed */
export async function packedPlan(
  plan: AnyPlan,
  fleet: string,
  sealer: Sealer | undefined,
): Promise<Uint8Array> {
  return await gzip(await sealed("rollout-plan", fleet, plan, sealer));
}

/** @returns `undefined` if the payload is not a plan */
export async function unpackedPlan<T extends AnyPlan>(
  payload: Uint8Array,
  fleet: string,
  read: ReadPlan<T>,
  keys: TrustedKeys = new Map(),
): Promise<{ readonly plan: T; readonly seal: Seal } | undefined> {
  try {
    const record = opened("rollout-plan", fleet, await gunzip(payload), keys);
    const plan = record === undefined ? undefined : read(record.fields);
    return record === undefined || plan === undefined ? undefined : { plan, seal: record.seal };
  } catch {
    // Ignored: any client can publish malformed payloads.
    return undefined;
  }
}
