/** Structures and numbers of the kernel's SPI devices (include/uapi/linux/spi/spidev.h). Pure. */
import type { SpiOptions } from "../../../protocol/devices/spi.ts";

/** The number of an ioctl that writes `bytes` bytes. */
const ioctl = (number: number, bytes: number) => ((1 << 30) | (bytes << 16) | (0x6b << 8) | number) >>> 0;

const TRANSFER_BYTES = 32;
/** One message. */
export const EXCHANGE = ioctl(0, TRANSFER_BYTES);
export const SET_MODE = ioctl(1, 1);
export const SET_BITS = ioctl(3, 1);
export const SET_SPEED = ioctl(4, 4);

export function speedBytes(speedHz: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, speedHz, true);
  return bytes;
}

/** `struct spi_ioc_transfer`: what is at `fromAt` is sent while what comes is put at `toAt`. */
export function exchangeOf(
  fromAt: bigint,
  toAt: bigint,
  length: number,
  { speed_hz, bits }: SpiOptions,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(TRANSFER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, fromAt, true);
  view.setBigUint64(8, toAt, true);
  view.setUint32(16, length, true);
  view.setUint32(20, speed_hz, true);
  view.setUint8(26, bits);
  return bytes;
}
