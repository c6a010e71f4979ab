/** Finds nodes and agents by name. Pure. */
import { actorId } from "../../protocol/ids.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { type AgentView, hasEnded, type NodeView, stateOf } from "../fleet/views.ts";
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

/** An agent on a node, as lists show it. */
export interface Instance {
  readonly agent: AgentView;
  /** As its node reports it; `off` if the node is off: the agent returns with its node. */
  readonly state: string;
  /** Other nodes that also run an agent of this name. */
  readonly alsoOn: readonly string[];
}

/** Agents that have not ended, on nodes that are not off. */
export function liveAgents(fleet: Fleet): readonly AgentView[] {
  return fleet.agents.filter((agent) =>
    !hasEnded(agent) && !isOff(fleet, agent.node) &&
    (agent.state !== "unknown" || isListed(fleet, agent.name, agent.node))
  );
}

/** Agents that return with their node: they still have a manifest, which nodes clear when an agent ends. */
export function agentsOff(fleet: Fleet): readonly AgentView[] {
  return fleet.agents.filter(({ node, manifest }) => isOff(fleet, node) && manifest !== undefined);
}

/** All instances of agents that run or return with their node, sorted by name. */
export function instances(fleet: Fleet): readonly Instance[] {
  const live = liveAgents(fleet);
  const homes = homesOf(live);
  const shown = [
    ...live.map((agent) => ({ agent, state: agent.state })),
    ...agentsOff(fleet).map((agent) => ({ agent, state: "off" })),
  ];
  return shown
    .map(({ agent, state }) => ({
      agent,
      state,
      alsoOn: (homes.get(agent.name) ?? []).filter((node) => node !== agent.node),
    }))
    .sort(({ agent: a }, { agent: b }) =>
      a.name.localeCompare(b.name) || (a.node ?? "").localeCompare(b.node ?? "")
    );
}

/**
 * @param node the node that runs it, if the caller knows
 * @throws OperationError when no node runs it, another one does, or several do and none is named
 */
export function locate(fleet: Fleet, name: string, node?: string): Located {
  const found = located(fleet).filter((known) => known.actorId === actorId(name) || known.name === name);
  const there = node === undefined ? found : found.filter((each) => each.node === node);
  const [first, second] = there;
  if (first !== undefined && second === undefined) return first;
  const nodes = found.map((each) => each.node).sort().join(" and ");
  if (first !== undefined) {
    throw new OperationError(`Agent '${name}' runs on ${nodes}: say on which node you mean it`);
  }
  if (found.length > 0) {
    throw new OperationError(`Agent '${name}' runs on ${nodes}, not on ${node}: nothing was done`);
  }
  const off = agentsOff(fleet).find((agent) => agent.name === name && (node ?? agent.node) === agent.node);
  if (off !== undefined) {
    throw new OperationError(`Agent '${name}' is on node '${off.node}', which is off: it comes back with it`);
  }
  throw new OperationError(
    `None of the nodes that answered runs an agent '${name}': ${
      known(liveAgents(fleet).map((each) => each.name))
    }`,
  );
}

/** All running agents whose node is known. */
export function located(fleet: Fleet): readonly Located[] {
  return liveAgents(fleet).flatMap((agent) =>
    agent.node === undefined ? [] : [{ name: agent.name, actorId: agent.actorId, node: agent.node, agent }]
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

function homesOf(agents: readonly AgentView[]): ReadonlyMap<string, readonly string[]> {
  const homes = new Map<string, string[]>();
  for (const { name, node } of agents) {
    if (node !== undefined) homes.set(name, [...homes.get(name) ?? [], node].sort());
  }
  return homes;
}

/** A retained manifest counts only when its node confirms that it runs the agent. */
function isListed(fleet: Fleet, name: string, node: string | undefined): boolean {
  return node !== undefined && (fleet.node(node)?.agents.includes(name) ?? false);
}

function isOff(fleet: Fleet, node: string | undefined): boolean {
  return node !== undefined && fleet.node(node)?.isOnline === false;
}

function known(names: readonly string[]): string {
  const MAX = 12;
  if (names.length === 0) return "none is known";
  const unique = [...new Set(names)];
  const shown = unique.sort().slice(0, MAX).join(", ");
  return `known: ${shown}${unique.length > MAX ? `, and ${unique.length - MAX} more` : ""}`;
}
