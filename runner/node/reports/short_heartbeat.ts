/** Shortens a node's heartbeat that the broker does not take because of its size. Pure. */

export interface LongReport {
  readonly agents: readonly string[];
  readonly [field: string]: unknown;
}

/** Dropped last, when no name is left to drop. */
const DISPENSABLE = ["generations", "labels"];

/**
 * Names are dropped by halves, from the end of the alphabet, so that successive heartbeats of the same agents name the same
 * ones. `agents_left_out` counts the dropped names.
 * @param belowBytes the payload must be smaller
 * @returns the payload; too large if nothing else could be dropped
 */
export function shortHeartbeat(report: LongReport, belowBytes: number): string {
  let payload = JSON.stringify(report);
  const names = report.agents.toSorted();
  for (let kept = names.length; kept > 0 && bytesOf(payload) >= belowBytes;) {
    kept >>= 1;
    payload = JSON.stringify({
      ...report,
      agents: names.slice(0, kept),
      agents_left_out: names.length - kept,
    });
  }
  if (bytesOf(payload) < belowBytes) return payload;
  const rest = Object.entries(JSON.parse(payload)).filter(([field]) => !DISPENSABLE.includes(field));
  return JSON.stringify(Object.fromEntries(rest));
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}
