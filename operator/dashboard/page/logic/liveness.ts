/** Judges a connection by its silence: one that is half open never says that it is broken. Pure. */
import { HEARTBEAT_SECONDS } from "../../wire.ts";

/** Longer than this is no delay of a busy server. */
const SILENT_MS = HEARTBEAT_SECONDS * 1000 * 2.5;
/** After this long another connection is tried. */
const GIVEN_UP_MS = HEARTBEAT_SECONDS * 1000 * 5;
/** The first message is the largest, and a slow network takes its time for it. */
const FIRST_MS = 60_000;

/** `silent` is shown at once; `broken` is replaced. */
export type Liveness = "live" | "silent" | "broken";

/**
 * @param silentMs since the last message, or since the connection was begun
 * @param hasTold whether it has brought a message at all
 */
export function livenessOf(silentMs: number, hasTold: boolean): Liveness {
  if (!hasTold) return silentMs > FIRST_MS ? "broken" : "live";
  if (silentMs > GIVEN_UP_MS) return "broken";
  return silentMs > SILENT_MS ? "silent" : "live";
}
