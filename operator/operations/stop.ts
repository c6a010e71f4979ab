/** Ends agents, and nodes with all of theirs. */
import type { AgentCommand } from "../../protocol/commands.ts";
import type { CommandOptions } from "../commander.ts";
import type { Operator } from "../operator.ts";
import { locate, type Located } from "./find.ts";

/**
 * Stops an agent for good, wherever it runs.
 * @throws OperationError when it runs nowhere; RefusedError; NoAnswerError
 */
export async function stopAgent(
  { commander, fleet }: Operator,
  name: string,
  options: CommandOptions = {},
): Promise<Located> {
  const located = locate(fleet, name);
  await commander.command(located.node, "stop", { name }, options);
  return located;
}

/**
 * Stops every agent of a node, and ends the node.
 * @returns the agents it has had
 * @throws RefusedError; NoAnswerError
 */
export async function stopNode(
  { commander }: Operator,
  node: string,
  options: CommandOptions = {},
): Promise<readonly string[]> {
  const { agents } = await commander.command(node, "stop_all", { reason: "operator" }, options);
  return Array.isArray(agents) ? agents.map(String) : [];
}

/**
 * Presses one of an agent's buttons.
 * @throws OperationError when it runs nowhere; RefusedError; NoAnswerError
 */
export async function pressButton(
  { commander, fleet }: Operator,
  name: string,
  command: AgentCommand,
  options: CommandOptions = {},
): Promise<Located> {
  const located = locate(fleet, name);
  await commander.agentCommand(located.node, located.actorId, command, options);
  return located;
}
