/** How large the packets are that a client sends, known before they are there. Pure. */

/** What precedes a packet's content: its kind, and its length in up to four bytes of seven bits (MQTT 3.1.1, 2.2). */
const MAX_LENGTH_BYTES = 4;

export class PacketMeter {
  /** Bytes of the packet's content that are still to come. */
  #left = 0;
  /** Bytes of it that have come. */
  #come = 0;
  /** Bytes of its length that have been read; `undefined` between two packets. */
  #lengthBytes: number | undefined;
  #length = 0;

  /** What of the packet that has begun has come. */
  get unfinishedBytes(): number {
    return this.#come;
  }

  /**
   * Follows what comes.
   * @returns the length of a packet that is longer than `maxBytes`, or no packet at all; `undefined` when all is well
   */
  excess(bytes: Uint8Array, maxBytes: number): number | undefined {
    for (let at = 0; at < bytes.length;) {
      if (this.#left > 0) {
        const part = Math.min(this.#left, bytes.length - at);
        this.#left -= part;
        this.#come = this.#left === 0 ? 0 : this.#come + part;
        at += part;
        continue;
      }
      const byte = bytes[at++] ?? 0;
      if (this.#lengthBytes === undefined) {
        [this.#lengthBytes, this.#length] = [0, 0];
        continue;
      }
      this.#length += (byte & 0x7f) * 2 ** (7 * this.#lengthBytes);
      this.#lengthBytes += 1;
      if ((byte & 0x80) !== 0) {
        if (this.#lengthBytes === MAX_LENGTH_BYTES) return Infinity;
        continue;
      }
      if (this.#length > maxBytes) return this.#length;
      this.#left = this.#length;
      this.#lengthBytes = undefined;
    }
    return undefined;
  }
}
