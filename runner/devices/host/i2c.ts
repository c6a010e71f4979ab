/** The devices on one I2C bus. */
import type { I2cAction } from "../../../protocol/devices/i2c.ts";
import { DeviceError } from "../device_error.ts";
import {
  FUNCTION,
  GET_FUNCTIONS,
  type Message,
  messagesFor,
  SET_ADDRESS,
  SMBUS,
  smbusBytes,
  smbusCall,
  TRANSFER,
  transferOf,
} from "./i2c_uapi.ts";
import { checked } from "./kernel_error.ts";
import type { System } from "./libc.ts";
import type { Driver, Unit } from "./units.ts";

const GROUP = "i2c";

export class I2cBus implements Driver<"i2c"> {
  /** @param path the bus' device node */
  constructor(private readonly path: string, private readonly system: System) {}

  open(address: number): Unit<"i2c"> {
    const { path, system } = this;
    const fd = checked(system.open(path), `open ${path}`, GROUP);
    try {
      // The kernel refuses an address that one of its drivers has.
      checked(system.ioctlNumber(fd, SET_ADDRESS, address), `use ${hex(address)} on ${path}`, GROUP);
      const functions = new Uint8Array(8);
      checked(system.ioctl(fd, GET_FUNCTIONS, functions), `ask ${path} what it can`, GROUP);
      return new I2cDevice(fd, address, new DataView(functions.buffer).getUint32(0, true), system);
    } catch (error) {
      system.close(fd);
      throw error;
    }
  }
}

class I2cDevice implements Unit<"i2c"> {
  constructor(
    private readonly fd: number,
    private readonly address: number,
    private readonly functions: number,
    private readonly system: System,
  ) {}

  /** Blocks this host, and with it the bus, which does one thing at a time anyway. */
  act({ steps }: I2cAction): string[] {
    const messages = steps.map((step): Message =>
      "write" in step
        ? { isRead: false, bytes: Uint8Array.fromBase64(step.write) }
        : { isRead: true, bytes: new Uint8Array(step.read) }
    );
    if ((this.functions & FUNCTION.i2c) !== 0) return this.#transfer(messages);
    return this.#smbus(messages);
  }

  rest(): void {
    // It has no level of its own.
  }

  close(): Promise<void> {
    this.system.close(this.fd);
    return Promise.resolve();
  }

  #transfer(messages: readonly Message[]): string[] {
    const { fd, address, system } = this;
    const list = messagesFor(address, messages, system.addressOf);
    const request = transferOf(system.addressOf(list), messages.length);
    checked(system.ioctl(fd, TRANSFER, request), `talk to ${hex(address)}`, GROUP);
    return messages.filter(({ isRead }) => isRead).map(({ bytes }) => bytes.toBase64());
  }

  #smbus(messages: readonly Message[]): string[] {
    const call = smbusCall(messages);
    if (call === undefined || (this.functions & call.needs) === 0) {
      throw new DeviceError(
        "failed",
        `cannot talk to ${
          hex(this.address)
        }: the adapter speaks SMBus alone, which has no word for this transfer; ` +
          "write up to 33 bytes, read one, or write one (the register) and read up to 32",
      );
    }
    const request = smbusBytes(call, this.system.addressOf(call.data));
    checked(this.system.ioctl(this.fd, SMBUS, request), `talk to ${hex(this.address)}`, GROUP);
    const [from, count] = call.answer;
    return call.isRead ? [call.data.subarray(from, from + count).toBase64()] : [];
  }
}

function hex(address: number): string {
  return `0x${address.toString(16).padStart(2, "0")}`;
}
