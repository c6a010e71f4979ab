/** The displayed state of a node or an agent. Pure. */
import { STALE_AFTER_MS } from "../../../../protocol/heartbeat.ts";
import type { AgentDto, NodeDto } from "../../wire.ts";

export type NodeState = "online" | "stale" | "offline";

/** @param now the time up to which this page received updates, epoch seconds */
export function nodeState(node: NodeDto, now: number): NodeState {
  if (!node.online) return "offline";
  const silentSince = Math.max(node.last_seen ?? 0, node.listening_since);
  return now - silentSince > STALE_AFTER_MS / 1000 ? "stale" : "online";
}

/** Agent states, most urgent first. */
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

/** An agent whose node is offline is lost, regardless of its last report. */
export function agentState(agent: AgentDto, node: NodeDto | undefined, now: number): AgentState {
  const state = AGENT_STATES.find((known) => known === agent.state) ?? "unknown";
  const hasEnded = state === "stopped" || state === "failed";
  if (!hasEnded && node !== undefined && nodeState(node, now) === "offline") return "lost";
  return state;
}

/** A short explanation of each state. */
export const STATE_HELP: Readonly<Record<AgentState | NodeState, string>> = {
  failed: "Ended for good: broken code, or no restarts left",
  unresponsive: "Its event loop does not answer",
  restarting: "Crashed; about to restart",
  lost: "Its node is offline",
  paused: "No process() until it is resumed",
  running: "Runs",
  stopped: "Stopped by an operator",
  unknown: "Has not reported its state yet",
  online: "Sends heartbeats",
  stale: "Missed three heartbeats",
  offline: "Said goodbye, or its connection broke",
};
