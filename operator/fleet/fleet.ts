/** Tracks nodes and agents from the traffic on the bus. No I/O, no timers: the caller passes in messages and the time. */
import { actorId } from "../../protocol/ids.ts";
import { isName, nameIn } from "../../protocol/names.ts";
import { filterMatches } from "../../protocol/topics.ts";
import { agentAfter, agentListed, nodeAfter, readObject } from "./readings.ts";
import { type AgentView, hasEnded, newAgent, newNode, type NodeView } from "./views.ts";

/** What a message changed. */
export type FleetChange =
  | { readonly kind: "node"; readonly node: NodeView }
  | { readonly kind: "agent"; readonly agent: AgentView };

/** The topics that a fleet is built from. */
export const FLEET_FILTERS = [
  "nodes/+/heartbeat",
  "nodes/+/status",
  "nodes/+/devices",
  "agents/+/heartbeat",
  "agents/+/status",
  "agents/+/metrics",
  "agents/+/errors",
  "agents/+/manifest",
] as const;

export interface FleetOptions {
  /** Maximum number of nodes, and of agents that a node lists. */
  readonly maxEntries?: number;
  /** Maximum number of agents that no node lists: any client can invent them. */
  readonly maxStrangers?: number;
  /** Called for each agent that was evicted. */
  readonly onEvicted?: (actorId: string) => void;
}

/** Four times the fleet that `deno task bench:fleet` measures. */
const MAX_ENTRIES = 20_000;
/** At first, every agent whose manifest the broker keeps is one. */
const MAX_STRANGERS = 20_000;

/**
 * A name identifies an agent, but by mistake two nodes may run agents of the same name: each is a separate instance.
 *
 * Invariants: the size is bounded; the entry that has been silent longest is evicted first, but an agent that a node
 * lists is never evicted for one that no node lists; invalid messages change nothing; an instance that has ended, or
 * that its node no longer lists, is dropped if the agent has another instance.
 */
export class Fleet {
  readonly #nodes = new Map<string, NodeView>();
  readonly #agents = new Map<string, AgentView>();
  /** Agents that no online node lists. */
  readonly #strangers = new Map<string, AgentView>();
  /** The keys of the strangers, by the node that each names: few of thousands concern one heartbeat. */
  readonly #strangersOf = new Map<string, Set<string>>();
  /** The keys of the instances of each agent, by its id. */
  readonly #instances = new Map<string, Set<string>>();
  /** The ids of agents with more than one instance. */
  readonly #multiple = new Set<string>();

  constructor(private readonly options: FleetOptions = {}) {}

  get nodes(): readonly NodeView[] {
    return [...this.#nodes.values()];
  }

  /** Every instance of every agent. */
  get agents(): readonly AgentView[] {
    return [...this.#agents.values(), ...this.#strangers.values()];
  }

  node(name: string): NodeView | undefined {
    return this.#nodes.get(name);
  }

  /** The agent; of several instances, preferably one that has not ended and that its node lists. */
  agent(actorId: string): AgentView | undefined {
    const [first, ...others] = this.instances(actorId);
    if (first === undefined || others.length === 0) return first;
    return [first, ...others].reduce((best, other) => this.#rank(other) > this.#rank(best) ? other : best);
  }

  /** The known instances of an agent, one per node. */
  instances(actorId: string): readonly AgentView[] {
    return [...this.#instances.get(actorId) ?? []].flatMap((key) => this.#find(key) ?? []);
  }

  /** An agent of this name, whatever its id. */
  agentNamed(name: string): AgentView | undefined {
    return this.agent(actorId(name)) ?? this.agents.find((agent) => agent.name === name);
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
    const agent = agentAfter(this.#meant(id, nameIn(fields.node)), id, report, fields, nowMs);
    return agent && this.#keepAgent(agent);
  }

  /** Processes a node's answer to `list`: all its agents in their present state. Whoever answers is online. */
  applyList(node: string, listed: readonly unknown[], nowMs: number): void {
    if (!isName(node)) return;
    const known = this.#nodes.get(node) ?? newNode(node);
    if (!known.isOnline) this.#keepNode({ ...known, isOnline: true });
    const names = new Set<string>();
    for (const entry of listed) {
      const agent = agentListed((actorId) => this.#meant(actorId, node), node, entry, nowMs);
      if (agent === undefined) continue;
      names.add(agent.name);
      // The node itself has listed it: no heartbeat is needed.
      this.#keepVouched(agent);
      this.#dropEnded(agent);
    }
    this.#dropUnlisted(node, (name) => names.has(name));
  }

  /** Records that a node started an agent: if it fails at once, no other message may name the node. */
  applySpawned(actorId: string, name: string, node: string, nowMs: number): FleetChange | undefined {
    if (!isName(name) || !isName(node) || this.agent(actorId) !== undefined) return undefined;
    return this.#keepAgent({ ...newAgent(actorId, name), node, lastSeenMs: nowMs });
  }

  /** Takes what was known before a restart, unless something newer is known. */
  restore(nodes: readonly NodeView[], agents: readonly AgentView[]): void {
    for (const node of nodes) if (!this.#nodes.has(node.name)) this.#keepNode(node);
    for (const agent of agents) {
      if (this.#meant(agent.actorId, agent.node) === undefined) this.#keepAgent(agent);
    }
  }

  /** Forgets an agent, for instance a deleted one. @param node forget only the instance on this node */
  forgetAgent(actorId: string, node?: string): void {
    for (const agent of this.instances(actorId)) {
      if (node === undefined || agent.node === node) this.#drop(agent);
    }
  }

  /** Forgets a node and its agents. */
  forgetNode(name: string): void {
    this.#nodes.delete(name);
    for (const agent of this.agents) if (agent.node === name) this.#drop(agent);
  }

  #find(key: string): AgentView | undefined {
    return this.#agents.get(key) ?? this.#strangers.get(key);
  }

  /** The instance that a report is about: the one on that node, or else the one whose node is still unknown. */
  #meant(actorId: string, node: string | undefined): AgentView | undefined {
    if (node === undefined) return this.agent(actorId);
    return this.#find(keyOf(actorId, node)) ?? this.#find(keyOf(actorId, undefined));
  }

  #rank(agent: AgentView): number {
    const isVouched = this.#agents.has(keyOf(agent.actorId, agent.node));
    return (hasEnded(agent) ? 0 : 2) + (isVouched ? 1 : 0);
  }

  #withoutManifest(actorId: string): FleetChange | undefined {
    for (const known of this.instances(actorId)) this.#keepAgent({ ...known, manifest: undefined });
    const agent = this.agent(actorId);
    return agent === undefined ? undefined : { kind: "agent", agent };
  }

  #keepNode(node: NodeView): FleetChange {
    keep(this.#nodes, node.name, node, this.options.maxEntries ?? MAX_ENTRIES);
    for (const key of [...this.#strangersOf.get(node.name) ?? []]) {
      const stranger = this.#strangers.get(key);
      if (stranger !== undefined && isVouchedFor(stranger, node)) this.#keepVouched(stranger);
    }
    if (node.isOnline && node.lastSeenMs !== undefined) {
      this.#dropUnlisted(node.name, (name) => node.agents.includes(name));
    }
    return { kind: "node", node };
  }

  #keepAgent(agent: AgentView): FleetChange {
    const node = agent.node === undefined ? undefined : this.#nodes.get(agent.node);
    if (node !== undefined && isVouchedFor(agent, node)) this.#keepVouched(agent);
    else {
      this.#drop(agent);
      this.#keepIn(this.#strangers, agent, this.options.maxStrangers ?? MAX_STRANGERS);
    }
    this.#dropEnded(agent);
    return { kind: "agent", agent };
  }

  #keepVouched(agent: AgentView): void {
    this.#drop(agent);
    this.#keepIn(this.#agents, agent, this.options.maxEntries ?? MAX_ENTRIES);
  }

  #keepIn(map: Map<string, AgentView>, agent: AgentView, max: number): void {
    const key = keyOf(agent.actorId, agent.node);
    // Its node is known now: drop the entry without a node.
    if (agent.node !== undefined) this.#drop({ ...agent, node: undefined });
    const evicted = keep(map, key, agent, max);
    this.#index(agent.actorId, (keys) => keys.add(key));
    if (map === this.#strangers) changeSet(this.#strangersOf, agent.node ?? "", (keys) => keys.add(key));
    if (evicted === undefined) return;
    this.#unindex(evicted);
    if (!this.#instances.has(evicted.actorId)) this.options.onEvicted?.(evicted.actorId);
  }

  #drop(agent: AgentView): void {
    const key = keyOf(agent.actorId, agent.node);
    this.#agents.delete(key);
    this.#strangers.delete(key);
    this.#unindex(agent);
  }

  #unindex({ actorId, node }: AgentView): void {
    const key = keyOf(actorId, node);
    this.#index(actorId, (keys) => keys.delete(key));
    changeSet(this.#strangersOf, node ?? "", (keys) => keys.delete(key));
  }

  #index(actorId: string, change: (keys: Set<string>) => void): void {
    if (changeSet(this.#instances, actorId, change) > 1) this.#multiple.add(actorId);
    else this.#multiple.delete(actorId);
  }

  /** Drops ended instances of an agent that runs elsewhere. */
  #dropEnded({ actorId }: AgentView): void {
    if (!this.#multiple.has(actorId)) return;
    const all = this.instances(actorId);
    const ended = all.filter(hasEnded);
    for (const agent of ended.length < all.length ? ended : ended.slice(0, -1)) this.#drop(agent);
  }

  /** Drops instances that the node no longer lists, if the agent has another instance. */
  #dropUnlisted(node: string, isListed: (agent: string) => boolean): void {
    for (const id of [...this.#multiple]) {
      const there = this.#find(keyOf(id, node));
      if (there !== undefined && !isListed(there.name)) this.#drop(there);
    }
  }
}

function keyOf(actorId: string, node: string | undefined): string {
  return `${actorId}@${node ?? ""}`;
}

/** Changes one of the sets, none of which is empty. @returns its size then */
function changeSet(
  sets: Map<string, Set<string>>,
  name: string,
  change: (set: Set<string>) => void,
): number {
  const set = sets.get(name) ?? new Set();
  change(set);
  if (set.size === 0) sets.delete(name);
  else sets.set(name, set);
  return set.size;
}

/** Whether the node lists the agent. Nodes list names, and each name has exactly one id. */
function isVouchedFor({ name, actorId: id }: AgentView, { isOnline, agents }: NodeView): boolean {
  return isOnline && agents.includes(name) && id === actorId(name);
}

/** Stores the entry as the newest and evicts the oldest if there are too many. @returns the evicted entry */
function keep<T>(map: Map<string, T>, key: string, value: T, max: number): T | undefined {
  map.delete(key);
  map.set(key, value);
  if (map.size <= max) return undefined;
  const [oldest] = map;
  if (oldest === undefined) return undefined;
  map.delete(oldest[0]);
  return oldest[1];
}
