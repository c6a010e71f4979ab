/** PUBLISH at QoS 1 (MQTT 3.1.1, 3.3), written into a buffer. Pure. */
import { Buffer } from "node:buffer";

export interface PublishPacket {
  readonly topic: string;
  readonly payload: string | Uint8Array;
  readonly retain: boolean;
  /** 1 to 65535. */
  readonly id: number;
}

const PUBLISH_QOS_1 = 0x32;
const RETAIN = 0x01;
/** The first byte, the longest remaining length, the length of the topic, and the id. */
const MOST_HEADER_BYTES = 1 + 4 + 2 + 2;
/** In a text this short, character after character is faster than three calls into the runtime. */
const MAX_SHORT_CHARS = 512;
const MAX_ASCII = 0x7f;
/** Per UTF-16 unit. */
const MAX_UTF8_BYTES = 3;

/** No packet is larger than this. */
export function mostBytes({ topic, payload }: PublishPacket): number {
  const payloadBytes = typeof payload === "string" ? payload.length * MAX_UTF8_BYTES : payload.length;
  return MOST_HEADER_BYTES + topic.length * MAX_UTF8_BYTES + payloadBytes;
}

/**
 * @param into has room for `mostBytes` from `start` on
 * @returns where the packet ends
 */
export function writePublish(into: Buffer, start: number, packet: PublishPacket): number {
  const { topic, payload } = packet;
  const isShort = typeof payload === "string" && payload.length + topic.length <= MAX_SHORT_CHARS;
  return (isShort ? writeAscii(into, start, packet, payload) : undefined) ?? writeAny(into, start, packet);
}

/** @returns `undefined` where there is more than ASCII */
function writeAscii(into: Buffer, start: number, packet: PublishPacket, payload: string): number | undefined {
  const { topic } = packet;
  const afterLengths = writeLengths(into, start, packet, topic.length, payload.length);
  const topicEnd = putAscii(into, afterLengths, topic);
  return topicEnd === undefined ? undefined : putAscii(into, putUint16(into, topicEnd, packet.id), payload);
}

function writeAny(into: Buffer, start: number, packet: PublishPacket): number {
  const { topic, payload, id } = packet;
  const topicBytes = Buffer.byteLength(topic);
  const payloadBytes = typeof payload === "string" ? Buffer.byteLength(payload) : payload.length;
  let at = writeLengths(into, start, packet, topicBytes, payloadBytes);
  at += into.write(topic, at, "utf8");
  at = putUint16(into, at, id);
  if (typeof payload === "string") return at + into.write(payload, at, "utf8");
  into.set(payload, at);
  return at + payloadBytes;
}

/** The first byte, the remaining length, and the length of the topic. */
function writeLengths(
  into: Buffer,
  start: number,
  { retain }: PublishPacket,
  topicBytes: number,
  payloadBytes: number,
): number {
  let at = start;
  into[at++] = retain ? PUBLISH_QOS_1 | RETAIN : PUBLISH_QOS_1;
  let remaining = 2 + topicBytes + 2 + payloadBytes;
  do {
    const digit = remaining & 0x7f;
    remaining >>>= 7;
    into[at++] = remaining > 0 ? digit | 0x80 : digit;
  } while (remaining > 0);
  return putUint16(into, at, topicBytes);
}

function putUint16(into: Buffer, at: number, value: number): number {
  into[at] = value >> 8;
  into[at + 1] = value & 0xff;
  return at + 2;
}

function putAscii(into: Buffer, at: number, text: string): number | undefined {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code > MAX_ASCII) return undefined;
    into[at + index] = code;
  }
  return at + text.length;
}
