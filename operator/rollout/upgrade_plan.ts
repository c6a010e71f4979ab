/** What a roll-out of a runner changes: the runner, and what each node had before. Pure. */
import * as v from "valibot";
import type { JsonObject } from "../../protocol/json.ts";
import type { AnyPlan } from "./record.ts";

export interface UpgradePlan extends AnyPlan {
  /** The runner, as `packRunner` packs it. */
  readonly order: JsonObject;
  /** The release that it is on a node. */
  readonly release: string;
  readonly trialSeconds: number;
  /** Of each node. */
  readonly before: Readonly<Record<string, NodeBefore>>;
}

/** A node as it was before the upgrade. */
export interface NodeBefore {
  readonly release: string;
  /** The agents that ran, and have to run again. */
  readonly agents: readonly string[];
}

const Schema = v.object({
  id: v.string(),
  order: v.looseObject({ version: v.string(), sha256: v.string(), bundle: v.string() }),
  release: v.string(),
  trialSeconds: v.pipe(v.number(), v.minValue(5), v.maxValue(3600)),
  before: v.record(v.string(), v.object({ release: v.string(), agents: v.array(v.string()) })),
});

/** @returns `undefined` if it is no plan of an upgrade */
export function upgradePlanIn(fields: JsonObject): UpgradePlan | undefined {
  const read = v.safeParse(Schema, fields);
  return read.success ? read.output : undefined;
}

/**
 * Why a node is not to get the plan's runner: it has had another since. Whoever put an old roll-out back at the broker,
 * with its good signature, would otherwise have the next operator who resumes it bring an old runner back.
 * @param release that the node runs; `undefined`: it does not say
 */
export function overtaken(plan: UpgradePlan, node: string, release: string | undefined): string | undefined {
  const before = plan.before[node]?.release;
  if (release === undefined || before === undefined || release === before || release === plan.release) {
    return undefined;
  }
  return `it runs release ${release}, and ran ${before} when the roll-out began: begin another for it`;
}
