/** Past generations of a fleet: their agents and nodes, and how two generations differ. Pure except for gzip. */
import { type Generation, generationFields, generationIn } from "../../protocol/generations.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { isName } from "../../protocol/names.ts";
import { changedFields } from "../../protocol/spawn_changes.ts";
import type { Wanted } from "../operations/plan.ts";
import { type GitState, gitStateIn } from "../git_state.ts";
import { gunzip, gzip } from "../gzip.ts";
import { opened, type Seal, sealed, type Sealer, type TrustedKeys } from "./seal.ts";

/** A generation with all of its agents. */
export interface PastGeneration {
  readonly generation: Generation;
  readonly wanted: readonly Wanted[];
  /** Of the repository in which the fleet file lies. */
  readonly git: GitState | undefined;
  readonly seal: Seal;
}

/** A generation to be stored. */
export type NewRecord = Pick<PastGeneration, "generation" | "wanted"> & Partial<Pick<PastGeneration, "git">>;

export interface Difference {
  readonly kind: "added" | "changed" | "moved" | "removed";
  readonly node: string;
  readonly agent: string;
  /** The fields that differ, or the node that the agent moved from. */
  readonly what: string;
}

/** @param sealer `undefined`: it is not signed */
export async function packed({ generation, wanted, git }: NewRecord, sealer?: Sealer): Promise<Uint8Array> {
  const fields = { ...generationFields(generation), wanted, ...(git === undefined ? {} : { git }) };
  return await gzip(await sealed("generation", generation.fleet, fields, sealer));
}

/** @returns `undefined` if the payload is not a record of that fleet */
export async function unpacked(
  payload: Uint8Array,
  fleet: string,
  keys: TrustedKeys = new Map(),
): Promise<PastGeneration | undefined> {
  try {
    const record = opened("generation", fleet, await gunzip(payload), keys);
    if (record === undefined) return undefined;
    const { fields, seal } = record;
    if (!Array.isArray(fields.wanted) || !fields.wanted.every(isWanted)) return undefined;
    const generation = generationIn(fields);
    if (generation?.fleet !== fleet) return undefined;
    return { generation, wanted: fields.wanted, git: gitStateIn(fields.git), seal };
  } catch {
    // Ignored: any client can publish malformed payloads.
    return undefined;
  }
}

export function differences(before: readonly Wanted[], after: readonly Wanted[]): readonly Difference[] {
  const old = new Map(before.map((each) => [each.config.name, each]));
  const names = new Set(after.map(({ config }) => config.name));
  const changed = after.flatMap(({ node, config }): Difference[] => {
    const agent = config.name;
    const was = old.get(agent);
    if (was === undefined) return [{ kind: "added", node, agent, what: "" }];
    const fields = changedFields(was.config, config).join(", ");
    const moved: Difference[] = was.node === node ? [] : [{ kind: "moved", node, agent, what: was.node }];
    return fields === "" ? moved : [...moved, { kind: "changed", node, agent, what: fields }];
  });
  const removed = before.filter(({ config }) => !names.has(config.name))
    .map(({ node, config }): Difference => ({ kind: "removed", node, agent: config.name, what: "" }));
  return [...changed, ...removed];
}

export function isWanted(value: unknown): value is Wanted {
  return isJsonObject(value) && isName(value.node) && isJsonObject(value.config) && isName(value.config.name);
}
