/** Keeps others from changing a fleet, or the runners, while a roll-out of them is under way. */
import { OperationError, type Operator } from "../operator.ts";
import { readRollout } from "./store.ts";
import { subjectArgs, subjectWords } from "./subject.ts";
import { isOver } from "./transition.ts";

/** @throws OperationError if a roll-out of the fleet is not over */
export async function refuseDuringRollout(operator: Operator, fleet: string): Promise<void> {
  const rollout = await readRollout(operator, fleet);
  if (rollout === undefined || isOver(rollout.state)) return;
  throw new OperationError(
    `Nothing has been changed: a roll-out of ${
      subjectWords(fleet)
    } by ${rollout.by} is not over: see 'agentflow ` +
      `rollout show ${subjectArgs(fleet)}', and go on with it (resume) or end it (abort)`,
  );
}
