/** The roll-out that whoever looks at a fleet should know of. */
import type { Generation } from "../../protocol/generations.ts";
import type { Operator } from "../operator.ts";
import type { Rollout } from "./record.ts";
import { readRollout } from "./store.ts";

/**
 * @param head the newest generation of the fleet
 * @returns a roll-out that is not over, or that was halted and after which nothing has been applied
 */
export async function currentRollout(
  operator: Operator,
  fleet: string,
  head: Generation | undefined,
): Promise<Rollout | undefined> {
  const rollout = await readRollout(operator, fleet);
  if (rollout?.state.phase.kind !== "ended") return rollout;
  return rollout.state.phase.how === "halted" && head?.rollout === rollout.id ? rollout : undefined;
}
