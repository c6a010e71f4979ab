/** Moves an agent to another node. */
import type { CommandOptions } from "../commander.ts";
import { stateOf } from "../fleet/views.ts";
import { OperationError, type Operator } from "../operator.ts";
import { locate, nodeNamed } from "./find.ts";

export interface Migration {
  readonly agent: string;
  readonly from: string;
  readonly to: string;
}

/** The nodes agree on it among themselves, and may wait for each other. */
const TIMEOUT_MS = 120_000;

/**
 * Resolves when the agent runs on its new node, and there alone.
 * @throws OperationError when it cannot begin; RefusedError with the node's reason; NoAnswerError
 */
export async function migrate(
  operator: Operator,
  name: string,
  to: string,
  { timeoutMs = TIMEOUT_MS }: CommandOptions = {},
): Promise<Migration> {
  const { node: from } = locate(operator.fleet, name);
  const target = nodeNamed(operator.fleet, to);
  if (stateOf(target, Date.now()) === "offline") {
    throw new OperationError(`Cannot migrate '${name}': node '${to}' is offline`);
  }
  await operator.commander.command(from, "migrate", { name, target_node: to }, { timeoutMs });
  return { agent: name, from, to };
}
