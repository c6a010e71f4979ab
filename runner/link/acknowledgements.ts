/** Takes acknowledgements of messages out of a stream of MQTT packets, a whole read at a time. Pure. */
import { Buffer } from "node:buffer";

const PUBACK = 0x40;
/** A packet identifier and nothing else: that is how success is said (MQTT 3.1.1, 3.4; MQTT 5, 3.4.2.1). */
const PLAIN_LENGTH = 2;
const PUBACK_BYTES = 2 + PLAIN_LENGTH;
/** Of the remaining length (MQTT 3.1.1, 2.2.3). */
const MAX_LENGTH_BYTES = 4;

/**
 * Invariants: all bytes but those of the acknowledgements taken come out, in order; at most the beginning of one
 * packet is held back.
 */
export class Acknowledgements {
  /** The beginning of a packet, too short to tell what it is. */
  #held: Buffer | undefined;
  /** How many bytes of the current packet are still to come. */
  #bodyBytes = 0;
  /** The stream is not MQTT: somebody else will say so. */
  #isLost = false;

  /**
   * @param first acknowledgements of smaller packet identifiers are left in the stream
   * @param acknowledged called with each packet identifier, in the order of the stream
   */
  constructor(private readonly first: number, private readonly acknowledged: (id: number) => void) {}

  /** @returns what is not an acknowledgement */
  take(chunk: Buffer): Buffer {
    const bytes = this.#held === undefined ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = undefined;
    const others: Buffer[] = [];
    /** Where the bytes begin that are neither taken nor among the others. */
    let from = 0;
    let at = this.#skip(bytes, 0);
    while (at < bytes.length && !this.#isLost) {
      const id = this.#idAt(bytes, at);
      if (id !== undefined) {
        if (at > from) others.push(bytes.subarray(from, at));
        at = from = at + PUBACK_BYTES;
        this.acknowledged(id);
        continue;
      }
      const body = bodyOf(bytes, at);
      if (body === "incomplete" || isCut(bytes, at)) {
        // A copy: the stream may use the chunk again.
        this.#held = Buffer.from(bytes.subarray(at));
        break;
      }
      if (body === "malformed") this.#isLost = true;
      else {
        this.#bodyBytes = body.length;
        at = this.#skip(bytes, body.start);
      }
    }
    const end = bytes.length - (this.#held?.length ?? 0);
    if (from === 0 && end === bytes.length) return bytes;
    if (end > from) others.push(bytes.subarray(from, end));
    return others.length === 1 && others[0] !== undefined ? others[0] : Buffer.concat(others);
  }

  #idAt(bytes: Buffer, at: number): number | undefined {
    if (bytes[at] !== PUBACK || bytes[at + 1] !== PLAIN_LENGTH || at + PUBACK_BYTES > bytes.length) {
      return undefined;
    }
    const id = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    return id < this.first ? undefined : id;
  }

  #skip(bytes: Buffer, start: number): number {
    const end = Math.min(start + this.#bodyBytes, bytes.length);
    this.#bodyBytes -= end - start;
    return end;
  }
}

/** Whether an acknowledgement begins at `at` that is not yet there as a whole. */
function isCut(bytes: Buffer, at: number): boolean {
  return bytes[at] === PUBACK && bytes[at + 1] === PLAIN_LENGTH && at + PUBACK_BYTES > bytes.length;
}

/** The body of the packet at `at`. */
function bodyOf(
  bytes: Buffer,
  at: number,
): { readonly start: number; readonly length: number } | "incomplete" | "malformed" {
  let length = 0;
  for (let index = 0; index < MAX_LENGTH_BYTES; index++) {
    const byte = bytes[at + 1 + index];
    if (byte === undefined) return "incomplete";
    length |= (byte & 0x7f) << (7 * index);
    if (byte < 0x80) return { start: at + 2 + index, length };
  }
  return "malformed";
}
