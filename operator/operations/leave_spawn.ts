/** Leaves a spawn command with the broker for a node that is offline: the agent starts when the node is back. */
import { topics } from "../../protocol/topics.ts";
import { fieldsOf } from "../json.ts";
import { OperationError, type Operator } from "../operator.ts";
import { type Config, placed } from "./spawn.ts";
import { hearsItself } from "./survey.ts";

/** @throws OperationError when the broker already keeps another spawn for that node: it keeps only one */
export async function leaveSpawn(operator: Operator, node: string, config: Config): Promise<void> {
  const kept = await keptSpawn(operator, node);
  if (kept !== undefined && kept !== config.name) {
    throw new OperationError(
      `Cannot leave '${config.name}' for node '${node}': the broker has a spawn of '${kept}' for it already, and keeps ` +
        "no more than one: spawn this one when the node is back, or put both into a fleet file, and apply it then",
    );
  }
  // Makes each command unique: otherwise the node would skip an identical config as already carried out.
  const _sent = Date.now() / 1000;
  await operator.commander.leave(node, "spawn", { ...placed(operator, config), node, _sent });
}

/** @returns the name of the agent in the retained spawn; `undefined` when there is none */
async function keptSpawn(operator: Operator, node: string): Promise<string | undefined> {
  let found: string | undefined;
  using _subscription = await operator.bus.subscribe(topics.node(node, "spawn"), ({ payload, retained }) => {
    if (!retained || payload.length === 0) return;
    const { name } = fieldsOf(payload);
    // A signed command may not be readable here.
    found = typeof name === "string" ? name : "another agent";
  });
  await hearsItself(operator);
  return found;
}
