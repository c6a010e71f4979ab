/**
 * Numbers over time as bytes: small enough to keep for a year, whole enough to draw.
 *
 * Little-endian, in columns, which compress better than rows. A raw chunk is an hour: tenths of a second since its
 * beginning (16 bits) and values (32-bit floats). A thinned chunk has one slot for each minute of an hour, or hour of a
 * day: the number of the slot (8 bits), how many values it sums up (16 bits), their minimum, average and maximum. Pure.
 */
import { deflateRawSync, inflateRawSync } from "node:zlib";

/** Values by time; times rise. */
export interface Raw {
  /** Epoch seconds. */
  readonly time: readonly number[];
  readonly value: readonly number[];
}

/** What a stretch of time comes down to. */
export interface Slot {
  /** Its number within the chunk, from 0. */
  readonly at: number;
  readonly count: number;
  readonly min: number;
  readonly average: number;
  readonly max: number;
}

const TENTHS = 10;
const MAX_COUNT = 65_535;
const RAW_BYTES = 6;
const SLOT_BYTES = 15;

/** @param start when the hour begins */
export function packRaw({ time, value }: Raw, start: number): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(time.length * RAW_BYTES));
  time.forEach((at, index) => {
    bytes.setUint16(index * 2, Math.floor((at - start) * TENTHS), true);
    bytes.setFloat32(time.length * 2 + index * 4, value[index] ?? NaN, true);
  });
  return squeeze(bytes);
}

export function unpackRaw(packed: Uint8Array, start: number): Raw {
  const bytes = expand(packed);
  const count = Math.floor(bytes.byteLength / RAW_BYTES);
  const indices = Array.from({ length: count }, (_, index) => index);
  return {
    time: indices.map((index) => start + bytes.getUint16(index * 2, true) / TENTHS),
    value: indices.map((index) => bytes.getFloat32(count * 2 + index * 4, true)),
  };
}

export function packSlots(slots: readonly Slot[]): Uint8Array {
  const size = slots.length;
  const bytes = new DataView(new ArrayBuffer(size * SLOT_BYTES));
  slots.forEach(({ at, count, min, average, max }, index) => {
    bytes.setUint8(index, at);
    bytes.setUint16(size + index * 2, Math.min(count, MAX_COUNT), true);
    bytes.setFloat32(size * 3 + index * 4, min, true);
    bytes.setFloat32(size * 7 + index * 4, average, true);
    bytes.setFloat32(size * 11 + index * 4, max, true);
  });
  return squeeze(bytes);
}

export function unpackSlots(packed: Uint8Array): Slot[] {
  const bytes = expand(packed);
  const size = Math.floor(bytes.byteLength / SLOT_BYTES);
  return Array.from({ length: size }, (_, index) => ({
    at: bytes.getUint8(index),
    count: bytes.getUint16(size + index * 2, true),
    min: bytes.getFloat32(size * 3 + index * 4, true),
    average: bytes.getFloat32(size * 7 + index * 4, true),
    max: bytes.getFloat32(size * 11 + index * 4, true),
  }));
}

function squeeze(bytes: DataView<ArrayBuffer>): Uint8Array {
  return new Uint8Array(deflateRawSync(new Uint8Array(bytes.buffer)));
}

function expand(packed: Uint8Array): DataView {
  const bytes = inflateRawSync(packed);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
