/** Cuts a stream of bytes into MQTT 3.1.1 packets, as far as a subscriber needs them. Pure. */

const PUBLISH = 3;
const PUBACK = 0x40;

/** What one chunk of the stream has completed. */
export interface Batch {
  /** Of the messages, in order. */
  readonly payloads: readonly string[];
  /** The packets that acknowledge those of QoS 1. */
  readonly acknowledgements: Uint8Array;
}

/** Invariant: what it holds back is the beginning of one packet. */
export class PacketReader {
  #rest = new Uint8Array();
  readonly #decoder = new TextDecoder();

  /** The chunk may be used again by the caller afterwards. */
  push(chunk: Uint8Array): Batch {
    const bytes = this.#rest.length === 0 ? chunk : join(this.#rest, chunk);
    const payloads: string[] = [];
    const acknowledgements: number[] = [];
    let offset = 0;
    for (let packet = frame(bytes, offset); packet !== undefined; packet = frame(bytes, offset)) {
      const first = bytes[offset] ?? 0;
      offset = packet.end;
      if (first >> 4 !== PUBLISH) continue;
      let body = packet.start + 2 + uint16(bytes, packet.start);
      if ((first & 0x06) !== 0) {
        acknowledgements.push(PUBACK, 2, bytes[body] ?? 0, bytes[body + 1] ?? 0);
        body += 2;
      }
      payloads.push(this.#decoder.decode(bytes.subarray(body, packet.end)));
    }
    this.#rest = bytes.slice(offset);
    return { payloads, acknowledgements: Uint8Array.from(acknowledgements) };
  }
}

/** Where the body of the packet at `offset` begins and ends; `undefined` while it is not complete. */
function frame(
  bytes: Uint8Array,
  offset: number,
): { readonly start: number; readonly end: number } | undefined {
  let length = 0;
  for (let index = offset + 1, shift = 0; index < bytes.length; index++, shift += 7) {
    const byte = bytes[index] ?? 0;
    length |= (byte & 0x7f) << shift;
    if (byte >= 0x80) continue;
    const end = index + 1 + length;
    return end <= bytes.length ? { start: index + 1, end } : undefined;
  }
  return undefined;
}

function uint16(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}
