/** What nodes and agents there are, as the traffic on the bus tells it. No I/O, no timers: the caller brings messages and time. */
import { filterMatches } from "../../protocol/topics.ts";
import { agentAfter, agentListed, nodeAfter, readObject } from "./readings.ts";
import { type AgentView, newAgent, type NodeView } from "./views.ts";

/** What a message has changed. */
export type FleetChange =
  | { readonly kind: "node"; readonly node: NodeView }
  | { readonly kind: "agent"; readonly agent: AgentView };

/** The filters whose messages a fleet is made of. */
export const FLEET_FILTERS = [
  "nodes/+/heartbeat",
  "nodes/+/status",
  "agents/+/heartbeat",
  "agents/+/status",
  "agents/+/metrics",
  "agents/+/errors",
  "agents/+/manifest",
] as const;

/**
 * Invariants: bounded by `maxEntries` nodes and as many agents, of which the one that has been silent longest goes
 * first; what does not parse changes nothing.
 */
export class Fleet {
  readonly #nodes = new Map<string, NodeView>();
  readonly #agents = new Map<string, AgentView>();

  constructor(private readonly maxEntries = 10_000) {}

  get nodes(): readonly NodeView[] {
    return [...this.#nodes.values()];
  }

  get agents(): readonly AgentView[] {
    return [...this.#agents.values()];
  }

  node(name: string): NodeView | undefined {
    return this.#nodes.get(name);
  }

  agent(actorId: string): AgentView | undefined {
    return this.#agents.get(actorId);
  }

  /** Agents that an operator calls by this name: one, unless nodes disagree. */
  agentNamed(name: string): AgentView | undefined {
    return this.agents.find((agent) => agent.name === name);
  }

  /** Takes a message in. @param nowMs when it came @returns what it changed, if anything */
  apply(topic: string, payload: Uint8Array, nowMs: number): FleetChange | undefined {
    const [root, id = "", report, ...rest] = topic.split("/");
    if (rest.length > 0 || !FLEET_FILTERS.some((filter) => filterMatches(filter, topic))) return undefined;
    if (root === "agents" && report === "manifest" && payload.length === 0) return this.#withoutManifest(id);
    const fields = readObject(payload);
    if (fields === undefined) return undefined;
    if (root === "nodes") {
      const node = nodeAfter(this.#nodes.get(id), id, report, fields, nowMs);
      return node && this.#keepNode(node);
    }
    const agent = agentAfter(this.#agents.get(id), id, report, fields, nowMs);
    return agent && this.#keepAgent(agent);
  }

  /** Takes in what a node answers to `list`: all its agents, as they are now. */
  applyList(node: string, listed: readonly unknown[], nowMs: number): void {
    for (const entry of listed) {
      const agent = agentListed((actorId) => this.#agents.get(actorId), node, entry, nowMs);
      if (agent !== undefined) this.#keepAgent(agent);
    }
  }

  /** Takes in that a node has started an agent: of one that fails at once, it may be all that tells where. */
  applySpawned(actorId: string, name: string, node: string, nowMs: number): FleetChange | undefined {
    if (this.#agents.has(actorId)) return undefined;
    return this.#keepAgent({ ...newAgent(actorId, name), node, lastSeenMs: nowMs });
  }

  /** Forgets an agent, for instance one that was deleted. */
  forgetAgent(actorId: string): void {
    this.#agents.delete(actorId);
  }

  #withoutManifest(actorId: string): FleetChange | undefined {
    const known = this.#agents.get(actorId);
    return known === undefined ? undefined : this.#keepAgent({ ...known, manifest: undefined });
  }

  #keepNode(node: NodeView): FleetChange {
    keep(this.#nodes, node.name, node, this.maxEntries);
    return { kind: "node", node };
  }

  #keepAgent(agent: AgentView): FleetChange {
    keep(this.#agents, agent.actorId, agent, this.maxEntries);
    return { kind: "agent", agent };
  }
}

/** Sets the entry as the newest; the oldest makes room. */
function keep<T>(map: Map<string, T>, key: string, value: T, max: number): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > max && oldest !== undefined) map.delete(oldest);
}
