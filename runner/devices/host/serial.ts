/** One serial port. */
import { MAX_CREDIT_BYTES, type SerialAction, type SerialOptions } from "../../../protocol/devices/serial.ts";
import { DeviceError } from "../device_error.ts";
import type { HostEvent } from "./frames.ts";
import { checked } from "./kernel_error.ts";
import type { System } from "./libc.ts";
import { BOTH_WAYS, FLUSH, SET_EXCLUSIVE, SET_TERMIOS, termiosFor } from "./serial_uapi.ts";
import type { Driver, Unit } from "./units.ts";

const GROUP = "dialout";
const WAIT_MS = 250;
/** How long a `send` waits for the other end before it answers that nothing was taken. */
const SEND_WAIT_MS = 1000;
const READ_BYTES = 4096;
const EAGAIN = 11;

export interface SerialParts {
  readonly system: System;
  readonly onEvent: (unit: number, event: HostEvent) => void;
}

export class SerialPort implements Driver<"serial"> {
  constructor(private readonly path: string, private readonly parts: SerialParts) {}

  open(unit: number, options: SerialOptions): Unit<"serial"> {
    const { path, parts: { system, onEvent } } = this;
    const fd = checked(system.open(path, "terminal"), `open ${path}`, GROUP);
    try {
      checked(system.ioctlNumber(fd, SET_EXCLUSIVE, 0), `have ${path} alone`, GROUP);
      checked(system.ioctl(fd, SET_TERMIOS, termiosFor(options)), `set up ${path}`, GROUP);
      // What came before was meant for others.
      checked(system.ioctlNumber(fd, FLUSH, BOTH_WAYS), `empty ${path}`, GROUP);
    } catch (error) {
      system.close(fd);
      throw error;
    }
    const port = new OpenPort(fd, system, (event) => onEvent(unit, event));
    port.start();
    return port;
  }
}

/** Invariant: no more bytes are under way to the agent than it has given credit for. */
class OpenPort implements Unit<"serial"> {
  #credit = 0;
  #wake: () => void = () => {};
  #isClosing = false;
  #isGone = false;
  /** Settles once nothing reads the port any more. */
  #reading: Promise<void> = Promise.resolve();
  /** Settles once nothing writes to it any more. */
  #sending: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly fd: number,
    private readonly system: System,
    private readonly onEvent: (event: HostEvent) => void,
  ) {}

  start(): void {
    this.#reading = this.#read();
  }

  act(action: SerialAction): number | Promise<number> {
    switch (action.do) {
      case "credit":
        this.#credit = Math.min(MAX_CREDIT_BYTES, this.#credit + action.bytes);
        this.#wake();
        return 0;
      case "send": {
        const sending = this.#sending.then(() => this.#send(Uint8Array.fromBase64(action.data)));
        this.#sending = sending.catch(() => {});
        return sending;
      }
      default:
        return action satisfies never;
    }
  }

  rest(): void {
    // It has no level of its own.
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#wake();
    await Promise.all([this.#reading, this.#sending]);
    this.system.close(this.fd);
  }

  /** @returns how many bytes the port has taken: those that the other end does not take now are sent again later */
  async #send(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    let sent = 0;
    while (sent < bytes.length && !this.#isClosing) {
      if (this.#isGone) throw new DeviceError("not_found", "the port was unplugged");
      const result = this.system.write(this.fd, bytes.subarray(sent));
      if (result === -EAGAIN || result === 0) {
        if (!await this.system.writable(this.fd, SEND_WAIT_MS)) break;
      } else sent += checked(result, "write to the port", GROUP);
    }
    return sent;
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(READ_BYTES);
    while (!this.#isClosing) {
      if (this.#credit === 0) {
        await new Promise<void>((resolve) => this.#wake = resolve);
        continue;
      }
      if (!await this.system.readable(this.fd, WAIT_MS) || this.#isClosing) continue;
      const bytes = this.system.read(this.fd, buffer.subarray(0, Math.min(READ_BYTES, this.#credit)));
      if (bytes === -EAGAIN) continue;
      if (bytes <= 0) {
        this.#isGone = true;
        return this.onEvent({ gone: "the port was unplugged" });
      }
      this.#credit -= bytes;
      this.onEvent({ data: buffer.subarray(0, bytes).toBase64() });
    }
  }
}
