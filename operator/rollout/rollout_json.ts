/** The progress of a roll-out, for programs. Pure. */
import type { JsonObject } from "../../protocol/json.ts";
import type { Rollout } from "./record.ts";

export function rolloutJson({ id, fleet, by, at, message, state }: Rollout): JsonObject {
  const { phase, waves, wave, changed, failures, pending, isPaused } = state;
  return {
    id,
    fleet,
    by,
    at,
    message,
    phase: phase.kind === "ended" ? phase.how : phase.kind,
    why: phase.kind === "ended" && phase.why !== "" ? phase.why : undefined,
    paused: isPaused,
    wave: wave + 1,
    waves,
    changed,
    failures,
    pending,
  };
}
