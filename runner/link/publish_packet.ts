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
  const { topic, payload, retain, id } = packet;
  const topicBytes = Buffer.byteLength(topic);
  const payloadBytes = typeof payload === "string" ? Buffer.byteLength(payload) : payload.length;
  let at = start;
  into[at++] = retain ? PUBLISH_QOS_1 | RETAIN : PUBLISH_QOS_1;
  let remaining = 2 + topicBytes + 2 + payloadBytes;
  do {
    const digit = remaining & 0x7f;
    remaining >>>= 7;
    into[at++] = remaining > 0 ? digit | 0x80 : digit;
  } while (remaining > 0);
  at = into.writeUInt16BE(topicBytes, at);
  at += into.write(topic, at, "utf8");
  at = into.writeUInt16BE(id, at);
  if (typeof payload === "string") return at + into.write(payload, at, "utf8");
  into.set(payload, at);
  return at + payloadBytes;
}
