/** Structures and numbers of the kernel's terminals (include/uapi/asm-generic/termbits.h and ioctls.h). Pure. */
import type { SerialOptions } from "../../../protocol/devices/serial.ts";

/** `struct termios2`, which takes any speed. */
export const TERMIOS_BYTES = 44;
export const GET_TERMIOS = 0x802c542a;
export const SET_TERMIOS = 0x402c542b;
/** No other program opens the port from now on. */
export const SET_EXCLUSIVE = 0x540c;
/** Throws away what waits; its argument says which way. */
export const FLUSH = 0x540b;
export const BOTH_WAYS = 2;

const FLAG = {
  ownSpeed: 0o010000,
  bits7: 0o40,
  bits8: 0o60,
  stop2: 0o100,
  read: 0o200,
  parity: 0o400,
  odd: 0o1000,
  local: 0o4000,
  hardware: 0o20000000000,
} as const;
const AT = { input: 0, output: 4, control: 8, local: 12, characters: 17, inputSpeed: 36, outputSpeed: 40 };
const MIN = 6;
const CHECK_PARITY = 0o20;
const IGNORE_BREAK = 0o1;

/** Raw: every byte as it comes, none is echoed. */
export function termiosFor(options: SerialOptions): Uint8Array<ArrayBuffer> {
  const { baudRate, dataBits, parity, stopBits, flowControl } = options;
  const bytes = new Uint8Array(TERMIOS_BYTES);
  const view = new DataView(bytes.buffer);
  const control = FLAG.ownSpeed | FLAG.read | FLAG.local |
    (dataBits === 7 ? FLAG.bits7 : FLAG.bits8) |
    (stopBits === 2 ? FLAG.stop2 : 0) |
    (parity === "none" ? 0 : FLAG.parity) |
    (parity === "odd" ? FLAG.odd : 0);
  view.setUint32(AT.input, IGNORE_BREAK | (parity === "none" ? 0 : CHECK_PARITY), true);
  view.setUint32(AT.control, control + (flowControl === "hardware" ? FLAG.hardware : 0), true);
  bytes[AT.characters + MIN] = 1;
  view.setUint32(AT.inputSpeed, baudRate, true);
  view.setUint32(AT.outputSpeed, baudRate, true);
  return bytes;
}
