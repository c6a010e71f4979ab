/** How long to wait before the next attempt to connect. Pure. */

const FIRST_MS = 50;
/** In the first minute of an outage, a broker that restarts is found again within half a second. */
const SHORT_OUTAGE_MS = 60_000;
const SHORT_OUTAGE_MAX_MS = 500;
const LONG_OUTAGE_MAX_MS = 5_000;

/**
 * Milliseconds to wait: doubled with each failure, bounded, and randomised so that a fleet does not reconnect in step.
 * @param failures attempts that failed in a row, 1 or more
 * @param outageMs how long the link has been down
 * @param random from 0 to 1
 */
export function reconnectDelayMs(failures: number, outageMs: number, random: number): number {
  const maxMs = outageMs < SHORT_OUTAGE_MS ? SHORT_OUTAGE_MAX_MS : LONG_OUTAGE_MAX_MS;
  const fullMs = Math.min(FIRST_MS * 2 ** Math.min(failures - 1, 20), maxMs);
  return fullMs * (0.5 + random / 2);
}
