/** What a message that waits keeps in memory. Pure. */

/** The same bytes in memory of their own: a payload is a part of what was read with it, which may be far larger. */
export function detached(payload: Uint8Array): Uint8Array {
  return payload.byteLength === payload.buffer.byteLength ? payload : new Uint8Array(payload);
}
