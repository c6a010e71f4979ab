/** How far the nodes of a fleet are, for programs, with the roll-out under way. Pure. */
import type { JsonObject } from "../../protocol/json.ts";
import type { FleetStatus, NodeProgress } from "../operations/fleet_status.ts";
import type { Rollout } from "./record.ts";
import { rolloutJson } from "./rollout_json.ts";

/** @param rollout what whoever looks should know of */
export function statusJson(
  { fleet, head, nodes }: FleetStatus,
  rollout: Rollout | undefined,
): JsonObject {
  return {
    fleet,
    generation: head?.generation,
    by: head?.by,
    at: head?.at,
    message: head?.message,
    rollout: rollout === undefined ? undefined : rolloutJson(rollout),
    nodes: nodes.map((progress) => ({
      node: progress.node,
      generation: progress.generation.generation,
      state: stateOfProgress(progress),
      why: whyOf(progress) || undefined,
      drift: progress.drift,
    })),
  };
}

/** In one word: a node that has applied its generation may have drifted since. */
export function stateOfProgress({ status, drift }: NodeProgress): string {
  return status.kind === "done" && drift.length > 0 ? "drifted" : status.kind;
}

/** Why a node is not done, or what has drifted; empty if there is nothing to say. */
export function whyOf({ status, drift }: NodeProgress): string {
  switch (status.kind) {
    case "done":
      return drift.map(({ agent, how }) => `${agent}: ${how}`).join("; ");
    case "pending":
      return status.why;
    case "failed":
      return status.errors.map(([agent, error]) => `${agent}: ${error}`).join("; ");
    case "refused":
      return status.reason;
    default:
      return status satisfies never;
  }
}
