/** Saved plans, which are applied unchanged: which agents should run where, and the generation they are based on. */
import * as v from "valibot";
import { isJsonObject } from "../../protocol/json.ts";
import { isName } from "../../protocol/names.ts";
import { numberOf } from "../../protocol/generations.ts";
import { ConfigError } from "../../protocol/config/config_error.ts";
import { type GitState, gitStateIn } from "../git_state.ts";
import { type GivenRollout, RolloutSchema } from "../rollout/settings.ts";
import type { Wanted } from "./plan.ts";

export interface SavedPlan {
  readonly fleet: string;
  /** The tag of the generation that the plan is based on; empty for the first one. */
  readonly base: string;
  readonly prune: boolean;
  readonly wanted: readonly Wanted[];
  readonly rollout?: GivenRollout | undefined;
  readonly git?: GitState | undefined;
}

const KIND = "agentflow-plan/1";

export function planText(plan: SavedPlan): string {
  return `${JSON.stringify({ kind: KIND, ...plan }, null, 2)}\n`;
}

/** @returns `undefined` if the text is not a plan, such as a fleet file @throws ConfigError for a damaged plan */
export function parsePlan(text: string, path: string): SavedPlan | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The fleet file parser reports the error.
    return undefined;
  }
  if (!isJsonObject(json) || json.kind !== KIND) return undefined;
  const { fleet, base, prune, wanted } = json;
  const rollout = v.safeParse(v.optional(RolloutSchema), json.rollout);
  const isBase = base === "" || numberOf(base) !== undefined;
  if (
    !isName(fleet) || !isBase || typeof prune !== "boolean" || !Array.isArray(wanted) ||
    !wanted.every(isWanted) || !rollout.success
  ) {
    throw new ConfigError(`${path} is a damaged plan: make it again (agentflow apply FLEET --out ${path})`);
  }
  const git = gitStateIn(json.git);
  const about = { fleet, base: base as string, prune, wanted, rollout: rollout.output };
  return git === undefined ? about : { ...about, git };
}

function isWanted(value: unknown): value is Wanted {
  return isJsonObject(value) && isName(value.node) && isJsonObject(value.config) && isName(value.config.name);
}
