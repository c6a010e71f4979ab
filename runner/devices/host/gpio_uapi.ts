/** Structures and numbers of the kernel's GPIO character device, version 2 (include/uapi/linux/gpio.h). Pure. */
import type { Edge, GpioOptions } from "../../../protocol/devices/gpio.ts";

const REQUEST_BYTES = 592;
const VALUES_BYTES = 16;
export const EVENT_BYTES = 48;
const EVENT_BUFFER = 64;

/** The number of an ioctl that reads and writes a structure of `bytes` bytes. */
const ioctl = (number: number, bytes: number) => ((3 << 30) | (bytes << 16) | (0xb4 << 8) | number) >>> 0;
export const GET_LINE = ioctl(0x07, REQUEST_BYTES);
export const GET_VALUES = ioctl(0x0e, VALUES_BYTES);
export const SET_VALUES = ioctl(0x0f, VALUES_BYTES);

const FLAG = {
  activeLow: 1 << 1,
  input: 1 << 2,
  output: 1 << 3,
  rising: 1 << 4,
  falling: 1 << 5,
  pullUp: 1 << 8,
  pullDown: 1 << 9,
  noBias: 1 << 10,
} as const;
const BIAS: Readonly<Record<GpioOptions["bias"], number>> = {
  "as-is": 0,
  up: FLAG.pullUp,
  down: FLAG.pullDown,
  off: FLAG.noBias,
};
const EDGES: Readonly<Record<GpioOptions["edges"], number>> = {
  none: 0,
  rising: FLAG.rising,
  falling: FLAG.falling,
  both: FLAG.rising | FLAG.falling,
};
const ATTRIBUTE = { outputValues: 2, debounce: 3 } as const;
const RISING = 1;

/** Offsets in `struct gpio_v2_line_request`. */
const AT = {
  consumer: 256,
  flags: 288,
  attributeCount: 296,
  attributes: 320,
  lineCount: 560,
  buffer: 564,
  fd: 588,
};

export function flagsOf({ direction, edges, bias, active_low }: GpioOptions): number {
  return (direction === "in" ? FLAG.input : FLAG.output) | EDGES[edges] | BIAS[bias] |
    (active_low ? FLAG.activeLow : 0);
}

/** The request for one line. @param consumer what `gpioinfo` shows */
export function lineRequest(offset: number, options: GpioOptions, consumer: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(REQUEST_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, offset, true);
  // The string ends with a zero byte.
  bytes.set(new TextEncoder().encode(consumer).subarray(0, 31), AT.consumer);
  view.setBigUint64(AT.flags, BigInt(flagsOf(options)), true);
  const attribute = options.direction === "out"
    ? { id: ATTRIBUTE.outputValues, value: options.initial }
    : options.debounce_ms > 0
    ? { id: ATTRIBUTE.debounce, value: Math.round(options.debounce_ms * 1000) }
    : undefined;
  if (attribute !== undefined) {
    view.setUint32(AT.attributeCount, 1, true);
    view.setUint32(AT.attributes, attribute.id, true);
    view.setBigUint64(AT.attributes + 8, BigInt(attribute.value), true);
    // A bit mask: the first line of the request.
    view.setBigUint64(AT.attributes + 16, 1n, true);
  }
  view.setUint32(AT.lineCount, 1, true);
  view.setUint32(AT.buffer, EVENT_BUFFER, true);
  return bytes;
}

/** The file descriptor that the kernel has put into a request. */
export function lineFd(request: Uint8Array<ArrayBuffer>): number {
  return new DataView(request.buffer).getInt32(AT.fd, true);
}

/** The level of the only line of a request. */
export function lineValues(value: 0 | 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(VALUES_BYTES);
  bytes[0] = value;
  bytes[8] = 1;
  return bytes;
}

export function levelIn(values: Uint8Array): 0 | 1 {
  return ((values[0] ?? 0) & 1) === 1 ? 1 : 0;
}

/** A change, with the line's running count of changes, which reveals gaps. */
export interface LineEvent {
  readonly edge: Edge;
  readonly number: number;
}

/** Parses the events read from a line. */
export function eventsIn(bytes: Uint8Array): LineEvent[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: Math.floor(bytes.length / EVENT_BYTES) }, (_, index): LineEvent => {
    const at = index * EVENT_BYTES;
    const seconds = Number(view.getBigUint64(at, true)) / 1e9;
    return {
      edge: [seconds, view.getUint32(at + 8, true) === RISING ? 1 : 0],
      number: view.getUint32(at + 20, true),
    };
  });
}
