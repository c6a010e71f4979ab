/** Structures and numbers of the kernel's I2C devices (include/uapi/linux/i2c.h and i2c-dev.h). Pure. */

export const SET_ADDRESS = 0x0703;
export const GET_FUNCTIONS = 0x0705;
export const TRANSFER = 0x0707;
export const SMBUS = 0x0720;

/** What an adapter can do: bits of the answer to `GET_FUNCTIONS`. */
export const FUNCTION = {
  i2c: 0x1,
  quick: 0x1_0000,
  readByte: 0x2_0000,
  writeByte: 0x4_0000,
  readByteData: 0x8_0000,
  writeByteData: 0x10_0000,
  readWordData: 0x20_0000,
  writeWordData: 0x40_0000,
  readBlock: 0x400_0000,
  writeBlock: 0x800_0000,
} as const;

const MESSAGE_BYTES = 16;
const READ_FLAG = 0x0001;

/** A message: bytes to write, or room for those to read. */
export interface Message {
  readonly isRead: boolean;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** `struct i2c_msg` for each message. @param addressOf where a buffer lies in memory */
export function messagesFor(
  address: number,
  messages: readonly Message[],
  addressOf: (bytes: Uint8Array<ArrayBuffer>) => bigint,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(messages.length * MESSAGE_BYTES);
  const view = new DataView(bytes.buffer);
  messages.forEach((message, index) => {
    const at = index * MESSAGE_BYTES;
    view.setUint16(at, address, true);
    view.setUint16(at + 2, message.isRead ? READ_FLAG : 0, true);
    view.setUint16(at + 4, message.bytes.length, true);
    view.setBigUint64(at + 8, message.bytes.length === 0 ? 0n : addressOf(message.bytes), true);
  });
  return bytes;
}

/** `struct i2c_rdwr_ioctl_data`. */
export function transferOf(messagesAt: bigint, count: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, messagesAt, true);
  view.setUint32(8, count, true);
  return bytes;
}

/** A transfer in the words of SMBus. */
export interface SmbusCall {
  readonly isRead: boolean;
  readonly command: number;
  /** One of `SIZE`. */
  readonly size: number;
  /** `union i2c_smbus_data`: 34 bytes. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** How many bytes of `data` the answer is, and from where. */
  readonly answer: readonly [from: number, count: number];
  /** The bit that the adapter needs. */
  readonly needs: number;
}

const SIZE = { quick: 0, byte: 1, byteData: 2, wordData: 3, block: 8 } as const;
const DATA_BYTES = 34;
const MAX_BLOCK = 32;

/** `struct i2c_smbus_ioctl_data`. */
export function smbusBytes({ isRead, command, size }: SmbusCall, dataAt: bigint): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, isRead ? 1 : 0);
  view.setUint8(1, command);
  view.setUint32(4, size, true);
  view.setBigUint64(8, dataAt, true);
  return bytes;
}

/** The same as these messages, for an adapter that only speaks SMBus; `undefined` if it has no word for them. */
export function smbusCall(messages: readonly Message[]): SmbusCall | undefined {
  const [first, second, third] = messages;
  if (first === undefined || third !== undefined) return undefined;
  if (second === undefined) return first.isRead ? reading(first) : writing(first);
  const isRegister = !first.isRead && first.bytes.length === 1 && second.isRead;
  return isRegister ? readingFrom(first.bytes[0] ?? 0, second.bytes.length) : undefined;
}

const call = (
  isRead: boolean,
  command: number,
  size: number,
  needs: number,
  data: readonly number[] | Uint8Array = [],
  answer: readonly [number, number] = [0, 0],
): SmbusCall => {
  const bytes = new Uint8Array(DATA_BYTES);
  bytes.set(data);
  return { isRead, command, size, needs, data: bytes, answer };
};

function reading({ bytes }: Message): SmbusCall | undefined {
  return bytes.length === 1 ? call(true, 0, SIZE.byte, FUNCTION.readByte, [], [0, 1]) : undefined;
}

function writing({ bytes }: Message): SmbusCall | undefined {
  const [command = 0, ...data] = bytes;
  switch (bytes.length) {
    case 0:
      return call(false, 0, SIZE.quick, FUNCTION.quick);
    case 1:
      return call(false, command, SIZE.byte, FUNCTION.writeByte);
    case 2:
      return call(false, command, SIZE.byteData, FUNCTION.writeByteData, data);
    case 3:
      return call(false, command, SIZE.wordData, FUNCTION.writeWordData, data);
    default:
      return data.length > MAX_BLOCK
        ? undefined
        : call(false, command, SIZE.block, FUNCTION.writeBlock, [data.length, ...data]);
  }
}

function readingFrom(register: number, count: number): SmbusCall | undefined {
  if (count === 1) return call(true, register, SIZE.byteData, FUNCTION.readByteData, [], [0, 1]);
  if (count === 2) return call(true, register, SIZE.wordData, FUNCTION.readWordData, [], [0, 2]);
  return count > MAX_BLOCK
    ? undefined
    : call(true, register, SIZE.block, FUNCTION.readBlock, [count], [1, count]);
}
