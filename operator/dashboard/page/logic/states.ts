/** What state a node or an agent is in, as a reader is told. Pure. */
import { STALE_AFTER_MS } from "../../../../protocol/heartbeat.ts";
import type { AgentDto, NodeDto } from "../../wire.ts";

export type NodeState = "online" | "stale" | "offline";

export function nodeState(node: NodeDto, now: number): NodeState {
  if (!node.online) return "offline";
  return now - (node.last_seen ?? node.first_heard) > STALE_AFTER_MS / 1000 ? "stale" : "online";
}

/** States of agents in the order in which they want attention. */
export const AGENT_STATES = [
  "failed",
  "unresponsive",
  "restarting",
  "lost",
  "paused",
  "running",
  "stopped",
  "unknown",
] as const;
export type AgentState = (typeof AGENT_STATES)[number];

/** An agent whose node is gone is lost, whatever it said last. */
export function agentState(agent: AgentDto, node: NodeDto | undefined, now: number): AgentState {
  const state = AGENT_STATES.find((known) => known === agent.state) ?? "unknown";
  const hasEnded = state === "stopped" || state === "failed";
  if (!hasEnded && node !== undefined && nodeState(node, now) === "offline") return "lost";
  return state;
}

/** What a state means, in a few words. */
export const STATE_HELP: Readonly<Record<AgentState | NodeState, string>> = {
  failed: "Ended for good: its code or its restart budget",
  unresponsive: "Its event loop does not answer",
  restarting: "Crashed, and is about to start again",
  lost: "Its node is offline",
  paused: "No process() until it is resumed",
  running: "Runs",
  stopped: "Stopped by an operator",
  unknown: "Has not said yet how it is",
  online: "Sends heartbeats",
  stale: "Three heartbeats have not come",
  offline: "Said goodbye, or its connection broke",
};
