/** How often nodes and agents send heartbeats, and when silence means stale. */

export const HEARTBEAT_INTERVAL_MS = 10_000;

/** A node is stale after this long without a heartbeat: it has missed three. */
export const STALE_AFTER_MS = 3 * HEARTBEAT_INTERVAL_MS;
