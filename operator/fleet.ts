/** What nodes and agents there are, as the traffic on the bus tells it. No I/O, no timers: the caller brings messages and time. */
import { filterMatches } from "../protocol/topics.ts";

/** A node without a heartbeat for so long is stale: three heartbeats have not come. */
export const STALE_AFTER_MS = 30_000;

export type NodeState = "online" | "stale" | "offline";

/** A node as it was last heard of. Fields that a peer does not report are undefined. */
export interface NodeView {
  readonly name: string;
  /** What it said last of itself: by its heartbeat, its birth or its last will. */
  readonly isOnline: boolean;
  /** When its last heartbeat came, milliseconds; undefined when none has come yet. */
  readonly lastSeenMs: number | undefined;
  /** Names. */
  readonly agents: readonly string[];
  readonly instance: string | undefined;
  readonly runtime: string | undefined;
  readonly version: string | undefined;
  /** Seconds. */
  readonly uptime: number | undefined;
  /** Percent of one core. */
  readonly cpu: number | undefined;
  readonly memoryMb: number | undefined;
  /** Messages that wait in its outbox. */
  readonly queue: number | undefined;
  readonly dropped: number | undefined;
  /** Its clock behind ours, seconds, as its last heartbeat shows it; the way of the message included. */
  readonly clockSkewSeconds: number | undefined;
  readonly labels: Readonly<Record<string, string>>;
}

/** An agent as it was last heard of. */
export interface AgentView {
  readonly actorId: string;
  readonly name: string;
  readonly node: string | undefined;
  readonly state: string;
  /** What `set_status` set, else the state. */
  readonly task: string | undefined;
  readonly cpu: number | undefined;
  readonly memoryMb: number | undefined;
  readonly lastSeenMs: number | undefined;
  /** Seconds. */
  readonly uptime: number | undefined;
  readonly restarts: number;
  readonly messagesProcessed: number | undefined;
  readonly errors: number | undefined;
  /** Its manifest as it came. */
  readonly manifest: Readonly<Record<string, unknown>> | undefined;
}

/** What a message has changed. */
export type FleetChange =
  | { readonly kind: "node"; readonly node: NodeView }
  | { readonly kind: "agent"; readonly agent: AgentView };

type Fields = Readonly<Record<string, unknown>>;

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
    return root === "nodes"
      ? this.#onNode(id, report, fields, nowMs)
      : this.#onAgent(id, report, fields, nowMs);
  }

  /** Takes in what a node answers to `list`: all its agents, as they are now. */
  applyList(node: string, listed: readonly unknown[], nowMs: number): void {
    for (const entry of listed) {
      if (typeof entry !== "object" || entry === null) continue;
      const fields = entry as Fields;
      const [name, actorId] = [text(fields.name), text(fields.actor_id)];
      if (name === undefined || actorId === undefined) continue;
      const agent = this.#agents.get(actorId) ?? newAgent(actorId, name);
      this.#keepAgent({
        ...agent,
        name,
        node,
        lastSeenMs: nowMs,
        state: text(fields.state) ?? agent.state,
        cpu: number(fields.cpu),
        memoryMb: number(fields.memory_mb),
        uptime: number(fields.uptime) ?? agent.uptime,
        restarts: number(fields.restart_count) ?? agent.restarts,
      });
    }
  }

  /** Forgets an agent, for instance one that was deleted. */
  forgetAgent(actorId: string): void {
    this.#agents.delete(actorId);
  }

  #onNode(name: string, report: string | undefined, fields: Fields, nowMs: number): FleetChange | undefined {
    const known = this.#nodes.get(name) ?? newNode(name);
    if (report === "status") {
      const isOnline = fields.status === "online";
      // The last will of an earlier process says nothing of the one that runs now.
      const isOfAnother = known.instance !== undefined && text(fields.instance) !== known.instance;
      if (!isOnline && isOfAnother && known.isOnline) return undefined;
      return this.#keepNode({ ...known, isOnline, instance: text(fields.instance) ?? known.instance });
    }
    if (fields.status === "offline") return this.#keepNode({ ...known, isOnline: false, agents: [] });
    const timestamp = number(fields.timestamp);
    return this.#keepNode({
      ...known,
      isOnline: true,
      lastSeenMs: nowMs,
      agents: list(fields.agents),
      instance: text(fields.instance),
      runtime: text(fields.runtime),
      version: text(fields.version),
      uptime: number(fields.uptime),
      cpu: number(fields.cpu),
      memoryMb: number(fields.memory_mb),
      queue: number(fields.queue),
      dropped: number(fields.dropped),
      clockSkewSeconds: timestamp === undefined ? undefined : nowMs / 1000 - timestamp,
      labels: labels(fields.labels),
    });
  }

  #onAgent(
    actorId: string,
    report: string | undefined,
    fields: Fields,
    nowMs: number,
  ): FleetChange | undefined {
    const known = this.#agents.get(actorId);
    const name = text(fields.name) ?? text(fields.agent) ?? known?.name;
    if (name === undefined) return undefined;
    const agent = known ?? newAgent(actorId, name);
    const node = text(fields.node) ?? agent.node;
    switch (report) {
      case "heartbeat":
        return this.#keepAgent({
          ...agent,
          name,
          node,
          lastSeenMs: nowMs,
          state: text(fields.state) ?? agent.state,
          task: text(fields.task),
          cpu: number(fields.cpu),
          memoryMb: number(fields.memory_mb),
        });
      case "status":
        return this.#keepAgent({
          ...agent,
          node,
          state: text(fields.state) ?? agent.state,
          uptime: number(fields.uptime) ?? agent.uptime,
          messagesProcessed: number(fields.messages_processed) ?? agent.messagesProcessed,
        });
      case "metrics":
        return this.#keepAgent({
          ...agent,
          uptime: number(fields.uptime) ?? agent.uptime,
          messagesProcessed: number(fields.messages_processed) ?? agent.messagesProcessed,
          errors: number(fields.errors) ?? agent.errors,
        });
      case "errors":
        return this.#keepAgent({ ...agent, node, restarts: number(fields.restart_count) ?? agent.restarts });
      default:
        return this.#keepAgent({ ...agent, node, manifest: fields });
    }
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

/** Whether a node counts as there: by its own word, and by the age of its last heartbeat. */
export function stateOf(node: NodeView, nowMs: number): NodeState {
  if (!node.isOnline) return "offline";
  const silentMs = node.lastSeenMs === undefined ? Infinity : nowMs - node.lastSeenMs;
  return silentMs > STALE_AFTER_MS ? "stale" : "online";
}

function newNode(name: string): NodeView {
  return {
    name,
    isOnline: false,
    lastSeenMs: undefined,
    agents: [],
    instance: undefined,
    runtime: undefined,
    version: undefined,
    uptime: undefined,
    cpu: undefined,
    memoryMb: undefined,
    queue: undefined,
    dropped: undefined,
    clockSkewSeconds: undefined,
    labels: {},
  };
}

function newAgent(actorId: string, name: string): AgentView {
  return {
    actorId,
    name,
    node: undefined,
    state: "unknown",
    task: undefined,
    cpu: undefined,
    memoryMb: undefined,
    lastSeenMs: undefined,
    uptime: undefined,
    restarts: 0,
    messagesProcessed: undefined,
    errors: undefined,
    manifest: undefined,
  };
}

/** Sets the entry as the newest; the oldest makes room. */
function keep<T>(map: Map<string, T>, key: string, value: T, max: number): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > max && oldest !== undefined) map.delete(oldest);
}

function readObject(payload: Uint8Array): Fields | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(payload));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value as Fields : undefined;
  } catch {
    // Anybody may publish anything: what is no report is none of ours.
    return undefined;
  }
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

function list(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

function labels(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}
