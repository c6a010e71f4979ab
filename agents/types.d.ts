/**
 * What an agent author imports for completion in the editor:
 *
 *     import type { Agent } from "./types.d.ts";
 *
 * Types only: the import is gone before the agent runs.
 */

/** Anything JSON can carry. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** How much an alert matters. */
export type Severity = "info" | "warning" | "error";

/** An agent on this node. */
export interface AgentRef {
  readonly name: string;
  readonly actor_id: string;
  readonly node: string;
}

/** The MQTT broker the node is connected to. */
export interface Broker {
  readonly host: string;
  readonly port: number;
  /** For an MQTT client of the agent's own, e.g. `mqtt.connect(agent.broker.url)`. */
  readonly url: string;
  /** For a broker that asks for one; there when the node's policy gives this agent credentials. */
  readonly username?: string;
  /** With `username`. Not enumerable: `JSON.stringify(agent.broker)` and a console do not show it. */
  readonly password?: string;
  /** Certificates (PEM) that may sign the broker's, where the node has been given its own. Not enumerable. */
  readonly ca?: string;
}

export interface PublishOptions {
  /** Quality of service; default 1, at least once. */
  qos?: 0 | 1 | 2;
  /** Whether the broker keeps the message for later subscribers; default false. */
  retain?: boolean;
}

/** A message that arrived: JSON as its value, other text as a string, anything else as bytes. */
export type MessageHandler = (payload: unknown, topic: string) => unknown;

/** The handle every function of an agent receives. */
export interface Agent {
  readonly name: string;
  /** Stable id of this agent: the same on every node and after every restart. */
  readonly actor_id: string;
  readonly actorId: string;
  /** The node it runs on. */
  readonly node: string;
  readonly broker: Broker;
  /** Yours, in memory only: gone after a restart. See `persist`. */
  // deno-lint-ignore no-explicit-any -- the author decides what is in it
  readonly state: Record<string, any>;
  /** Aborted when the agent is asked to stop. */
  readonly signal: AbortSignal;

  /**
   * Publishes to any topic but control topics (docs/policy.md). Strings and bytes go as they are, everything else as JSON. Resolves once the node has
   * taken the message over; waits while more than the node's window is under way.
   * @throws TypeError for an invalid topic, or data that is not JSON
   */
  publish(topic: string, data: unknown, options?: PublishOptions): Promise<void>;
  /** Writes a line to the agent's log. */
  log(message: unknown): Promise<void>;
  /** Raises an alert. Default severity: `warning`. */
  alert(message: unknown, severity?: Severity): Promise<void>;
  /** Publishes a result on `agents/{actor_id}/results`. */
  publish_result(data: unknown): Promise<void>;
  publishResult(data: unknown): Promise<void>;
  /** Publishes a detection on `agents/{actor_id}/detections` and `{node}/{agent}/detections`. */
  publish_detection(data: unknown): Promise<void>;
  publishDetection(data: unknown): Promise<void>;
  /** What the dashboard shows as the agent's task. */
  set_status(text: string): Promise<void>;
  setStatus(text: string): Promise<void>;

  /**
   * Keeps a JSON value in the state file: it survives restarts. On disk when the call returns.
   * @throws Error when the value is not JSON, the file would exceed its limit, or the disk refuses
   */
  persist(key: string, value: unknown): void;
  /** What was persisted under `key`, else `fallback` (default `undefined`). */
  // deno-lint-ignore no-explicit-any -- the author knows what was persisted
  recall(key: string, fallback?: unknown): any;

  /**
   * Calls `handle_task` of any agent on any node.
   * @param timeout seconds to wait; default 30
   * @returns the reply, or `null` when none came in time
   */
  // deno-lint-ignore no-explicit-any -- the other agent decides what it answers
  send_to(name: string, payload: unknown, timeout?: number): Promise<any>;
  // deno-lint-ignore no-explicit-any -- as send_to
  sendTo(name: string, payload: unknown, timeout?: number): Promise<any>;
  /** The same as `send_to`. */
  // deno-lint-ignore no-explicit-any -- as send_to
  delegate(name: string, payload: unknown, timeout?: number): Promise<any>;

  /**
   * A secret that the spawn config asks for in `secrets` and that the node's operator has granted. Where the agent
   * says it, in logs, errors and messages, the node puts `‹NAME›` in its place.
   * @throws Error when it was not asked for, or is not granted
   */
  secret(name: string): string;

  /** The agents on this node, this one included. */
  agents(): AgentRef[];

  /**
   * Calls `handler` for every message on topics that match `filter`, until the agent stops.
   * @returns a function that ends the subscription
   */
  subscribe(filter: string, handler: MessageHandler): Promise<() => Promise<void>>;
}

/** Called once, before the first `process()`. If it throws, the agent has failed for good. */
export type Setup = (agent: Agent) => unknown;
/** Called every `poll_interval` seconds. */
export type Process = (agent: Agent) => unknown;
/** Called for each task; what it returns is the reply. Runs beside `process()` and other tasks. */
// deno-lint-ignore no-explicit-any -- whoever calls decides what is in it
export type HandleTask = (agent: Agent, payload: any) => unknown;
