/** Detects a dead connection by its silence, because a half-open one reports no error. Pure. */
import { HEARTBEAT_SECONDS } from "../../wire.ts";

/** Longer than any delay of a busy server. */
const SILENT_MS = HEARTBEAT_SECONDS * 1000 * 2.5;
/** After this long, the page reconnects. */
const GIVEN_UP_MS = HEARTBEAT_SECONDS * 1000 * 5;
/** The first message is the largest, and takes long over a slow network. */
const FIRST_MS = 60_000;

/** `silent`: warn the user; `broken`: reconnect. */
export type Liveness = "live" | "silent" | "broken";

/**
 * @param silentMs time since the last message, or since the connection attempt began
 * @param hasTold whether any message has arrived on this connection
 */
export function livenessOf(silentMs: number, hasTold: boolean): Liveness {
  if (!hasTold) return silentMs > FIRST_MS ? "broken" : "live";
  if (silentMs > GIVEN_UP_MS) return "broken";
  return silentMs > SILENT_MS ? "silent" : "live";
}
