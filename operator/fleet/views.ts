/** Nodes and agents as last reported on the bus: the entries of a fleet. */
import { STALE_AFTER_MS } from "../../protocol/heartbeat.ts";
import type { ToldDevices } from "./devices.ts";

export type NodeState = "online" | "stale" | "offline";

/** A node as last reported. Fields that it does not report are undefined. */
export interface NodeView {
  readonly name: string;
  /** From its latest heartbeat, birth message or last will. */
  readonly isOnline: boolean;
  /** When its last heartbeat arrived, milliseconds; undefined before the first one. */
  readonly lastSeenMs: number | undefined;
  /** Names. */
  readonly agents: readonly string[];
  readonly instance: string | undefined;
  readonly runtime: string | undefined;
  readonly version: string | undefined;
  /** The installed release of its runner; `undefined` if that was not deployed. */
  readonly release: string | undefined;
  /** Seconds. */
  readonly uptime: number | undefined;
  /** Percent of one core. */
  readonly cpu: number | undefined;
  readonly memoryMb: number | undefined;
  /** Messages waiting in its outbox. */
  readonly queue: number | undefined;
  readonly dropped: number | undefined;
  /** The broker address that it is connected to, if the broker has several. */
  readonly connectedTo: string | undefined;
  /** How far its clock is behind ours, seconds, by its last heartbeat; includes the transit time of the message. */
  readonly clockSkewSeconds: number | undefined;
  readonly labels: Readonly<Record<string, string>>;
  /** Whether its labels are known; nodes of earlier versions report them only while online. */
  readonly hasLabels: boolean;
  /** When fleet files may change it, as `parseWindow` reads it; `undefined`: always. */
  readonly window: string | undefined;
  /** The tag of the current generation, by fleet; `undefined` if its runner does not support generations. */
  readonly generations: Readonly<Record<string, string>> | undefined;
  /** What it has for its agents; undefined if it does not report it. */
  readonly devices: ToldDevices | undefined;
}

/** An agent as last reported. */
export interface AgentView {
  readonly actorId: string;
  readonly name: string;
  readonly node: string | undefined;
  readonly state: string;
  /** The text from `set_status`, else the state. */
  readonly task: string | undefined;
  readonly cpu: number | undefined;
  readonly memoryMb: number | undefined;
  readonly lastSeenMs: number | undefined;
  /** Seconds. */
  readonly uptime: number | undefined;
  readonly restarts: number;
  /** Increases with each placement of this agent name in the fleet; 0 if the node does not report it. */
  readonly epoch: number;
  readonly messagesProcessed: number | undefined;
  readonly errors: number | undefined;
  /** Its manifest as received. */
  readonly manifest: Readonly<Record<string, unknown>> | undefined;
}

const ENDED: ReadonlySet<string> = new Set(["stopped", "failed"]);

/** Whether its last reported state is an end state. */
export function hasEnded({ state }: Pick<AgentView, "state">): boolean {
  return ENDED.has(state);
}

/** A node's state, from its reports and the age of its last heartbeat. */
export function stateOf(node: NodeView, nowMs: number): NodeState {
  if (!node.isOnline) return "offline";
  const silentMs = node.lastSeenMs === undefined ? Infinity : nowMs - node.lastSeenMs;
  return silentMs > STALE_AFTER_MS ? "stale" : "online";
}

/** A new entry, with only the name known. */
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
    release: undefined,
    connectedTo: undefined,
    clockSkewSeconds: undefined,
    labels: {},
    hasLabels: false,
    window: undefined,
    generations: undefined,
    devices: undefined,
  };
}

/** A new entry, with only the name known. */
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
    epoch: 0,
    messagesProcessed: undefined,
    errors: undefined,
    manifest: undefined,
  };
}
