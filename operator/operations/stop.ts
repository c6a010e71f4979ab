/** Stops agents, and nodes with all of their agents. */
import { topics } from "../../protocol/topics.ts";
import type { AgentCommand } from "../../protocol/commands.ts";
import type { CommandOptions } from "../commander.ts";
import { fieldsOf } from "../json.ts";
import type { Operator } from "../operator.ts";
import type { Place } from "./find.ts";
import { obeyed, type Signs } from "./obeyed.ts";

/** Stops an agent for good. @throws RefusedError; NoAnswerError */
export async function stopAt(operator: Operator, place: Place, options: CommandOptions = {}): Promise<void> {
  const { node, name } = place;
  await obeyed(
    operator,
    stateSigns(place, "stopped"),
    (signal) => operator.commander.command(node, "stop", { name }, { ...options, signal }),
  );
}

/**
 * Stops every agent of a node, then the node.
 * @returns the agents it ran, if the node says so
 * @throws RefusedError; NoAnswerError
 */
export async function stopNode(
  operator: Operator,
  node: string,
  options: CommandOptions = {},
): Promise<readonly string[]> {
  const signs: Signs = {
    filters: [topics.nodeHeartbeat(node), topics.nodeStatus(node)],
    read: ({ payload }) => fieldsOf(payload).status === "offline" ? { done: true } : undefined,
  };
  const { agents } = await obeyed(
    operator,
    signs,
    (signal) => operator.commander.command(node, "stop_all", { reason: "operator" }, { ...options, signal }),
  );
  return Array.isArray(agents) ? agents.map(String) : [];
}

/** The state that heartbeats show once a button has worked; a restarted agent looks the same as before. */
const STATE_AFTER: Readonly<Record<AgentCommand, string | undefined>> = {
  pause: "paused",
  resume: "running",
  stop: "stopped",
  delete: undefined,
  restart: undefined,
};

/** Presses one of an agent's buttons. @throws RefusedError; NoAnswerError */
export async function pressAt(
  operator: Operator,
  place: Place,
  command: AgentCommand,
  options: CommandOptions = {},
): Promise<void> {
  // `stop` is the only button that every node implementation also supports as a node command.
  if (command === "stop") return await stopAt(operator, place, options);
  await obeyed(
    operator,
    stateSigns(place, STATE_AFTER[command]),
    (signal) => operator.commander.agentCommand(place.node, place.actorId, command, { ...options, signal }),
  );
}

function stateSigns({ actorId, node }: Place, state: string | undefined): Signs {
  return {
    filters: state === undefined ? [] : [topics.agent(actorId, "heartbeat")],
    read: ({ payload }) => {
      const fields = fieldsOf(payload);
      return fields.state === state && fields.node === node ? { done: true } : undefined;
    },
  };
}
