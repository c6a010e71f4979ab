/** The channels of one PWM chip, by its files in sysfs (Documentation/ABI/testing/sysfs-class-pwm). */
import type { PwmAction, PwmOptions } from "../../../protocol/devices/pwm.ts";
import { checked } from "./kernel_error.ts";
import type { System } from "./libc.ts";
import type { Driver, Unit } from "./units.ts";

const GROUP = "gpio";
const [ENOENT, EACCES, EBUSY, EINVAL] = [-2, -13, -16, -22] as const;
/** How long udev gets to hand a new channel's files to the group. */
const MODES_MS = 1000;
const STEP_MS = 10;

export interface PwmParts {
  readonly system: Pick<System, "open" | "write" | "close">;
  /** Blocks this host: a channel is open for one agent at a time, or not at all. */
  readonly pause: (ms: number) => void;
}

/** Invariant: a channel is set to its safe duty before it is closed, for whatever reason. */
export class PwmChip implements Driver<"pwm"> {
  /** @param path the chip's folder in sysfs */
  constructor(private readonly path: string, private readonly parts: PwmParts) {}

  open(number: number, options: PwmOptions): Unit<"pwm"> {
    const channel = new Channel(this.path, number, options, this.parts);
    channel.open();
    return channel;
  }
}

class Channel implements Unit<"pwm"> {
  readonly #periodNs: number;
  readonly #name: string;

  constructor(
    private readonly chip: string,
    private readonly number: number,
    private readonly options: PwmOptions,
    private readonly parts: PwmParts,
  ) {
    this.#periodNs = Math.round(1e9 / options.frequency_hz);
    this.#name = `channel ${number} of ${chip}`;
  }

  open(): void {
    const exported = this.#write("export", this.number);
    // It is open for others already, as after a host that crashed, or a driver of the kernel has it.
    if (exported !== EBUSY) checked(exported, `use ${this.#name}`, GROUP);
    try {
      this.#setPeriod(exported === EBUSY);
      this.#setDuty(this.options.duty);
      checked(this.#soon("enable", 1), `switch on ${this.#name}`, GROUP);
    } catch (error) {
      if (exported !== EBUSY) this.#switchOff();
      throw error;
    }
  }

  act({ duty }: PwmAction): number {
    this.#setDuty(duty);
    return 0;
  }

  rest(): void {
    this.#setDuty(this.options.safe);
  }

  close(): Promise<void> {
    try {
      this.rest();
      // Otherwise it goes on at its safe duty, for which it has to stay exported.
      if (this.options.safe === 0) this.#switchOff();
      return Promise.resolve();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #setPeriod(wasExported: boolean): void {
    const what = `set ${this.options.frequency_hz} Hz on ${this.#name}`;
    const first = this.#soon("period", this.#periodNs);
    if (wasExported && first === ENOENT) checked(EBUSY, `use ${this.#name}`, GROUP);
    if (first !== EINVAL) return void checked(first, what, GROUP);
    // No period is shorter than the active part, which is still that of the last user.
    checked(this.#soon("duty_cycle", 0), what, GROUP);
    checked(this.#soon("period", this.#periodNs), what, GROUP);
  }

  #setDuty(duty: number): void {
    const activeNs = Math.round(this.#periodNs * duty);
    checked(this.#soon("duty_cycle", activeNs), `set the duty of ${this.#name}`, GROUP);
  }

  /** Its duty is 0 already: what fails here leaves it off. */
  #switchOff(): void {
    this.#write(`pwm${this.number}/enable`, 0);
    this.#write("unexport", this.number);
  }

  /** Writes to a file of the channel, which may have been there for too short a time to be ours. */
  #soon(file: string, value: number): number {
    for (let waitedMs = 0;; waitedMs += STEP_MS) {
      const result = this.#write(`pwm${this.number}/${file}`, value);
      if (result !== EACCES || waitedMs >= MODES_MS) return result;
      this.parts.pause(STEP_MS);
    }
  }

  /** @returns a negative error number if it failed */
  #write(file: string, value: number): number {
    const { system } = this.parts;
    const fd = system.open(`${this.chip}/${file}`, "write");
    if (fd < 0) return fd;
    try {
      return system.write(fd, new TextEncoder().encode(`${value}\n`));
    } finally {
      system.close(fd);
    }
  }
}
