/** Describes the outcome of a spawn, in the words that every interface shows. Pure. */
import type { SpawnOutcome } from "./spawn.ts";

export function spawnWords(outcome: SpawnOutcome): string {
  const { agent, node } = outcome;
  switch (outcome.kind) {
    case "running":
      return `Agent '${agent}' runs on ${node}`;
    case "already_running":
      return `Agent '${agent}' already runs on ${node}`;
    case "failed": {
      const after = outcome.rolledBack ? "; the previous code runs again" : "";
      return `Agent '${agent}' failed on ${node} (${outcome.phase})${after}: ${outcome.error}`;
    }
    case "stopped":
      return `Agent '${agent}' was stopped on ${node} before it was ready`;
    case "unsettled":
      return `Agent '${agent}' is not ready on ${node} yet: ${outcome.last}`;
    default:
      return outcome satisfies never;
  }
}
