/** Waits for a time of the day, as a soak does. */
import { pause } from "../../protocol/abort.ts";

/** Longest single wait: timers are limited to 24 days. */
const NAP_MS = 3_600_000;

/** @param untilMs milliseconds since the epoch. Resolves earlier if the signal is aborted. */
export async function pauseUntil(untilMs: number, signal: AbortSignal): Promise<void> {
  for (let leftMs = untilMs - Date.now(); leftMs > 0 && !signal.aborted; leftMs = untilMs - Date.now()) {
    await pause(Math.min(leftMs, NAP_MS), signal);
  }
}
