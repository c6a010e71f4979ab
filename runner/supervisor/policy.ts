/** The numbers of the ONE_FOR_ONE supervision. Pure. */

/** Longest wait before a restart, in seconds. */
const MAX_DELAY_SECONDS = 60;
/** By then every delay has reached its bound, or is 0. */
const MAX_DOUBLINGS = 1000;
/** `process()` calls in a row without an error that win one restart back. */
export const HEALTHY_CALLS = 10;
/**
 * The same for an agent without `process()`: this long without a crash. Longer than all waits of the usual budget
 * together.
 */
export const HEALTHY_MS = 10 * 60_000;
/** From this many failures of `process()` in a row on, an error is critical. */
const CRITICAL_FROM = 3;

/** Seconds to wait before restart number `restartCount` (1 is the first). */
export function restartDelaySeconds(restartDelay: number, restartCount: number): number {
  // The exponent is bounded too: 0 times infinity is no delay at all.
  return Math.min(restartDelay * 2 ** Math.min(restartCount - 1, MAX_DOUBLINGS), MAX_DELAY_SECONDS);
}

/** Whether an agent that has been restarted `restartCount` times has used up its budget. */
export function budgetIsSpent(restartCount: number, maxRestarts: number): boolean {
  return restartCount > maxRestarts;
}

/** How much the `consecutive`-th failure of `process()` in a row matters. */
export function processSeverity(consecutive: number): "warning" | "critical" {
  return consecutive >= CRITICAL_FROM ? "critical" : "warning";
}
