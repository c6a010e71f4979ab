/** Tracks nodes and agents from the traffic on the bus. No I/O, no timers: the caller passes in messages and the time. */
import { actorId } from "../../protocol/ids.ts";
import { isName } from "../../protocol/names.ts";
import { filterMatches } from "../../protocol/topics.ts";
import { agentAfter, agentListed, nodeAfter, readObject } from "./readings.ts";
import { type AgentView, newAgent, type NodeView } from "./views.ts";

/** What a message changed. */
export type FleetChange =
  | { readonly kind: "node"; readonly node: NodeView }
  | { readonly kind: "agent"; readonly agent: AgentView };

/** The topics that a fleet is built from. */
export const FLEET_FILTERS = [
  "nodes/+/heartbeat",
  "nodes/+/status",
  "agents/+/heartbeat",
  "agents/+/status",
  "agents/+/metrics",
  "agents/+/errors",
  "agents/+/manifest",
] as const;

export interface FleetOptions {
  /** Maximum number of nodes, and of agents that a node vouches for. */
  readonly maxEntries?: number;
  /** Maximum number of agents that no node vouches for: anybody can invent them. */
  readonly maxStrangers?: number;
  /** Called for each agent that was evicted. */
  readonly onEvicted?: (actorId: string) => void;
}

const MAX_ENTRIES = 5000;
const MAX_STRANGERS = 5000;

/**
 * Invariants: bounded; the entry that has been silent longest is evicted first, and an agent that a node says it runs is
 * never evicted for one that no node vouches for; a message that does not parse or has no valid name changes nothing.
 */
export class Fleet {
  readonly #nodes = new Map<string, NodeView>();
  readonly #agents = new Map<string, AgentView>();
  /** Agents that no online node lists. */
  readonly #strangers = new Map<string, AgentView>();

  constructor(private readonly options: FleetOptions = {}) {}

  get nodes(): readonly NodeView[] {
    return [...this.#nodes.values()];
  }

  get agents(): readonly AgentView[] {
    return [...this.#agents.values(), ...this.#strangers.values()];
  }

  node(name: string): NodeView | undefined {
    return this.#nodes.get(name);
  }

  agent(actorId: string): AgentView | undefined {
    return this.#agents.get(actorId) ?? this.#strangers.get(actorId);
  }

  /** The agents of this name: one, unless nodes disagree. */
  agentNamed(name: string): AgentView | undefined {
    return this.agents.find((agent) => agent.name === name);
  }

  /** Processes a message. @param nowMs when it arrived @returns what it changed, if anything */
  apply(topic: string, payload: Uint8Array, nowMs: number): FleetChange | undefined {
    const [root, id = "", report, ...rest] = topic.split("/");
    if (rest.length > 0 || !isName(id) || !FLEET_FILTERS.some((filter) => filterMatches(filter, topic))) {
      return undefined;
    }
    if (root === "agents" && report === "manifest" && payload.length === 0) return this.#withoutManifest(id);
    const fields = readObject(payload);
    if (fields === undefined) return undefined;
    if (root === "nodes") {
      const node = nodeAfter(this.#nodes.get(id), id, report, fields, nowMs);
      return node && this.#keepNode(node);
    }
    const agent = agentAfter(this.agent(id), id, report, fields, nowMs);
    return agent && this.#keepAgent(agent);
  }

  /** Processes a node's answer to `list`: all its agents in their present state. */
  applyList(node: string, listed: readonly unknown[], nowMs: number): void {
    for (const entry of listed) {
      const agent = agentListed((actorId) => this.agent(actorId), node, entry, nowMs);
      // The node itself vouches for it: no heartbeat is needed.
      if (agent !== undefined) this.#keepVouched(agent);
    }
  }

  /** Records that a node started an agent: if the agent fails at once, nothing else may say where it ran. */
  applySpawned(actorId: string, name: string, node: string, nowMs: number): FleetChange | undefined {
    if (!isName(name) || !isName(node) || this.agent(actorId) !== undefined) return undefined;
    return this.#keepAgent({ ...newAgent(actorId, name), node, lastSeenMs: nowMs });
  }

  /** Forgets an agent, for instance one that was deleted. */
  forgetAgent(actorId: string): void {
    this.#agents.delete(actorId);
    this.#strangers.delete(actorId);
  }

  #withoutManifest(actorId: string): FleetChange | undefined {
    const known = this.agent(actorId);
    return known === undefined ? undefined : this.#keepAgent({ ...known, manifest: undefined });
  }

  #keepNode(node: NodeView): FleetChange {
    keep(this.#nodes, node.name, node, this.options.maxEntries ?? MAX_ENTRIES);
    for (const stranger of [...this.#strangers.values()]) {
      if (stranger.node === node.name && isVouchedFor(stranger, node)) this.#keepVouched(stranger);
    }
    return { kind: "node", node };
  }

  #keepAgent(agent: AgentView): FleetChange {
    const node = agent.node === undefined ? undefined : this.#nodes.get(agent.node);
    if (node !== undefined && isVouchedFor(agent, node)) return this.#keepVouched(agent);
    this.#agents.delete(agent.actorId);
    this.#evicted(keep(this.#strangers, agent.actorId, agent, this.options.maxStrangers ?? MAX_STRANGERS));
    return { kind: "agent", agent };
  }

  #keepVouched(agent: AgentView): FleetChange {
    this.#strangers.delete(agent.actorId);
    this.#evicted(keep(this.#agents, agent.actorId, agent, this.options.maxEntries ?? MAX_ENTRIES));
    return { kind: "agent", agent };
  }

  #evicted(actorId: string | undefined): void {
    if (actorId !== undefined) this.options.onEvicted?.(actorId);
  }
}

/** Whether the node says that it runs the agent. Nodes list names, and each name has exactly one id. */
function isVouchedFor({ name, actorId: id }: AgentView, { isOnline, agents }: NodeView): boolean {
  return isOnline && agents.includes(name) && id === actorId(name);
}

/** Sets the entry as the newest and evicts the oldest if there are too many. @returns the evicted key */
function keep<T>(map: Map<string, T>, key: string, value: T, max: number): string | undefined {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size <= max || oldest === undefined) return undefined;
  map.delete(oldest);
  return oldest;
}
