/** Finds nodes and agents by name. Pure. */
import { actorId } from "../../protocol/ids.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { type AgentView, type NodeView, stateOf } from "../fleet/views.ts";
import { OperationError } from "../operator.ts";

/** An agent, and the node that runs it. */
export interface Place {
  readonly name: string;
  readonly actorId: string;
  readonly node: string;
}

/** A place, and what is known about the agent there. */
export interface Located extends Place {
  readonly agent: AgentView;
}

const ENDED: ReadonlySet<string> = new Set(["stopped", "failed"]);

/** Agents that have not ended. */
export function liveAgents(fleet: Fleet): readonly AgentView[] {
  return fleet.agents.filter(({ state, name, node }) =>
    !ENDED.has(state) && (state !== "unknown" || isListed(fleet, name, node))
  );
}

/** @throws OperationError that lists the agents there are */
export function locate(fleet: Fleet, name: string): Located {
  const agent = liveAgents(fleet).find((known) => known.actorId === actorId(name) || known.name === name);
  if (agent?.node !== undefined) return { name: agent.name, actorId: agent.actorId, node: agent.node, agent };
  throw new OperationError(
    `None of the nodes that answered runs an agent '${name}': ${
      known(liveAgents(fleet).map((each) => each.name))
    }`,
  );
}

/** @throws OperationError when the node is unknown; it lists the known ones */
export function nodeNamed(fleet: Fleet, name: string): NodeView {
  const node = fleet.node(name);
  if (node !== undefined) return node;
  throw new OperationError(
    `Unknown node '${name}': ${known(fleet.nodes.map((each) => each.name))}`,
  );
}

/** @throws OperationError when the node is unknown, or offline: it would not answer */
export function onlineNode(fleet: Fleet, name: string): NodeView {
  const node = nodeNamed(fleet, name);
  if (stateOf(node, Date.now()) !== "offline") return node;
  throw new OperationError(`Node '${name}' is offline: start it first`);
}

/** Whether a node or an agent of that name is known, even if it is offline or has ended. */
export function isKnown(fleet: Fleet, name: string): boolean {
  return fleet.node(name) !== undefined || fleet.agentNamed(name) !== undefined ||
    fleet.nodes.some(({ agents }) => agents.includes(name));
}

/** The existing names, for a message about an unknown one. */
export function namesThere(fleet: Fleet): string {
  return known([...fleet.nodes, ...liveAgents(fleet)].map(({ name }) => name));
}

/** A retained manifest counts only when its node confirms that it runs the agent. */
function isListed(fleet: Fleet, name: string, node: string | undefined): boolean {
  return node !== undefined && (fleet.node(node)?.agents.includes(name) ?? false);
}

function known(names: readonly string[]): string {
  const MAX = 12;
  if (names.length === 0) return "there are none";
  const shown = [...names].sort().slice(0, MAX).join(", ");
  return `there are ${shown}${names.length > MAX ? `, and ${names.length - MAX} more` : ""}`;
}
