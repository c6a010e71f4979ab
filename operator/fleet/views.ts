/** Nodes and agents as the bus has last told of them: what a fleet is made of. */
import { STALE_AFTER_MS } from "../../protocol/heartbeat.ts";

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

/** Whether a node counts as there: by its own word, and by the age of its last heartbeat. */
export function stateOf(node: NodeView, nowMs: number): NodeState {
  if (!node.isOnline) return "offline";
  const silentMs = node.lastSeenMs === undefined ? Infinity : nowMs - node.lastSeenMs;
  return silentMs > STALE_AFTER_MS ? "stale" : "online";
}

/** One of which nothing but its name is known. */
export function newNode(name: string): NodeView {
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

/** One of which nothing but its name is known. */
export function newAgent(actorId: string, name: string): AgentView {
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
