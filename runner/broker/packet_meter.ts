/** Reads the size of a client's packets from their headers, before they have fully arrived. Pure. */

/** The fixed header: the packet's kind, and its length in up to four bytes of seven bits (MQTT 3.1.1, 2.2). */
const MAX_LENGTH_BYTES = 4;

export class PacketMeter {
  /** Bytes of the packet's content still to come. */
  #left = 0;
  /** Bytes of it received so far. */
  #come = 0;
  /** Bytes of its length that have been read; `undefined` between two packets. */
  #lengthBytes: number | undefined;
  #length = 0;

  /** Bytes received of the current packet. */
  get unfinishedBytes(): number {
    return this.#come;
  }

  /**
   * Processes incoming bytes.
   * @returns the length of a packet that is longer than `maxBytes` or malformed; `undefined` when all is well
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
