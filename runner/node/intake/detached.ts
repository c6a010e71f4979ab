/** Limits what a waiting message keeps in memory. Pure. */

/** A copy in its own memory: a payload is a view of the whole buffer it was read with, which may be far larger. */
export function detached(payload: Uint8Array): Uint8Array {
  return payload.byteLength === payload.buffer.byteLength ? payload : new Uint8Array(payload);
}
