/** One SPI device. */
import { MAX_EXCHANGE_BYTES, type SpiAction, type SpiOptions } from "../../../protocol/devices/spi.ts";
import { DeviceError } from "../device_error.ts";
import { checked } from "./kernel_error.ts";
import type { System } from "./libc.ts";
import { EXCHANGE, exchangeOf, SET_BITS, SET_MODE, SET_SPEED, speedBytes } from "./spi_uapi.ts";
import type { Driver, Unit } from "./units.ts";

const GROUP = "spi";
/** As long as the node waits for an answer. */
const MAX_SECONDS = 5;

export class SpiSelect implements Driver<"spi"> {
  /** @param path the device node */
  constructor(private readonly path: string, private readonly system: System) {}

  open(_unit: number, options: SpiOptions): Unit<"spi"> {
    const { path, system } = this;
    const fd = checked(system.open(path), `open ${path}`, GROUP);
    try {
      const { mode, bits, speed_hz } = options;
      checked(system.ioctl(fd, SET_MODE, Uint8Array.of(mode)), `set mode ${mode} of ${path}`, GROUP);
      checked(system.ioctl(fd, SET_BITS, Uint8Array.of(bits)), `set words of ${bits} bits on ${path}`, GROUP);
      checked(system.ioctl(fd, SET_SPEED, speedBytes(speed_hz)), `set ${speed_hz} Hz on ${path}`, GROUP);
      return new OpenSelect(fd, options, path, system);
    } catch (error) {
      system.close(fd);
      throw error;
    }
  }
}

class OpenSelect implements Unit<"spi"> {
  constructor(
    private readonly fd: number,
    private readonly options: SpiOptions,
    private readonly path: string,
    private readonly system: System,
  ) {}

  /** Blocks this host, which has nothing else to do. */
  act({ data }: SpiAction): string {
    const { fd, options, path, system } = this;
    // The kernel copies what is sent before it writes what comes to the same place.
    const bytes = Uint8Array.fromBase64(data);
    const { length } = bytes;
    if (length === 0 || length > MAX_EXCHANGE_BYTES || length % (options.bits / 8) !== 0) {
      throw new DeviceError("failed", `cannot talk to ${path}: ${length} bytes are no whole words`);
    }
    // Inside the kernel, not even a signal that kills would end it.
    if (length * 8 / options.speed_hz > MAX_SECONDS) {
      throw new DeviceError(
        "timeout",
        `cannot talk to ${path}: ${length} bytes at ${options.speed_hz} Hz take more than ${MAX_SECONDS} s: ` +
          "use a higher speed_hz, or fewer bytes",
      );
    }
    const address = system.addressOf(bytes);
    checked(
      system.ioctl(fd, EXCHANGE, exchangeOf(address, address, length, options)),
      `talk to ${path}`,
      GROUP,
    );
    return bytes.toBase64();
  }

  rest(): void {
    // It has no level of its own.
  }

  close(): Promise<void> {
    this.system.close(this.fd);
    return Promise.resolve();
  }
}
