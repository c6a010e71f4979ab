/** How often nodes and agents say that they live, and when their silence counts. */

export const HEARTBEAT_INTERVAL_MS = 10_000;

/** A node without a heartbeat for so long is stale: three have not come. */
export const STALE_AFTER_MS = 3 * HEARTBEAT_INTERVAL_MS;
