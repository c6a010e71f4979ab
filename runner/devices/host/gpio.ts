/** The lines of one GPIO chip. */
import type { Edge, GpioAction, GpioOptions } from "../../../protocol/devices/gpio.ts";
import { DeviceError } from "../device_error.ts";
import {
  EVENT_BYTES,
  eventsIn,
  GET_LINE,
  GET_VALUES,
  levelIn,
  lineFd,
  lineRequest,
  lineValues,
  SET_VALUES,
} from "./gpio_uapi.ts";
import type { HostEvent } from "./frames.ts";
import { checked } from "./kernel_error.ts";
import type { System } from "./libc.ts";
import type { Driver, Unit } from "./units.ts";

const WAIT_MS = 250;
const READ_EVENTS = 64;
/** How many changes of one line are reported per second, and in one burst; the rest is only counted. */
const TOLD_A_SECOND = 500;
const TOLD_AT_ONCE = 250;
const GROUP = "gpio";

export interface GpioParts {
  readonly system: System;
  /** Called with changes, in order. */
  readonly onEvent: (line: number, event: HostEvent) => void;
  readonly nowMs: () => number;
}

/** Invariant: an output is set to its safe level before it is closed, for whatever reason. */
export class GpioChip implements Driver<"gpio"> {
  #chip: number | undefined;
  #lines = 0;

  /** @param path the chip's device node */
  constructor(private readonly path: string, private readonly parts: GpioParts) {}

  open(offset: number, options: GpioOptions, agent: string): Unit<"gpio"> {
    const { system } = this.parts;
    this.#chip ??= checked(system.open(this.path), `open ${this.path}`, GROUP);
    const request = lineRequest(offset, options, `agentflow ${agent}`);
    try {
      checked(system.ioctl(this.#chip, GET_LINE, request), `use line ${offset} of ${this.path}`, GROUP);
    } catch (error) {
      // The next attempt opens the chip again: it may have been unplugged and plugged in again.
      if (this.#lines === 0) this.#closeChip();
      throw error;
    }
    this.#lines += 1;
    const line = new GpioLine(lineFd(request), options, this.parts, () => {
      this.#lines -= 1;
      if (this.#lines === 0) this.#closeChip();
    });
    if (options.edges !== "none") line.watch(offset);
    return line;
  }

  #closeChip(): void {
    if (this.#chip !== undefined) this.parts.system.close(this.#chip);
    this.#chip = undefined;
  }
}

class GpioLine implements Unit<"gpio"> {
  /** Settles once nothing reads the line any more. */
  #watching: Promise<void> = Promise.resolve();
  #isClosing = false;

  constructor(
    private readonly fd: number,
    private readonly options: GpioOptions,
    private readonly parts: GpioParts,
    private readonly onClosed: () => void,
  ) {}

  act(action: GpioAction): number {
    switch (action.do) {
      case "level":
        return this.#level();
      case "set":
        this.#set(action.value);
        return 0;
      default:
        return action satisfies never;
    }
  }

  rest(): void {
    if (this.options.direction === "out") this.#set(this.options.safe);
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    try {
      this.rest();
    } finally {
      await this.#watching;
      this.parts.system.close(this.fd);
      this.onClosed();
    }
  }

  watch(offset: number): void {
    this.#watching = this.#watch(offset);
  }

  #level(): number {
    const values = lineValues(0);
    checked(this.parts.system.ioctl(this.fd, GET_VALUES, values), "read the line", GROUP);
    return levelIn(values);
  }

  #set(value: 0 | 1): void {
    if (this.options.direction !== "out") throw new DeviceError("failed", "the line is an input");
    checked(this.parts.system.ioctl(this.fd, SET_VALUES, lineValues(value)), "set the line", GROUP);
  }

  async #watch(offset: number): Promise<void> {
    const { system, onEvent, nowMs } = this.parts;
    const buffer = new Uint8Array(READ_EVENTS * EVENT_BYTES);
    let last = 0;
    let [tokens, atMs] = [TOLD_AT_ONCE, nowMs()];
    while (!this.#isClosing) {
      if (!await system.readable(this.fd, WAIT_MS) || this.#isClosing) continue;
      const bytes = system.read(this.fd, buffer);
      // The chip is gone: reading and writing the line report it.
      if (bytes <= 0) return;
      const now = nowMs();
      [tokens, atMs] = [Math.min(TOLD_AT_ONCE, tokens + (now - atMs) / 1000 * TOLD_A_SECOND), now];
      const edges: Edge[] = [];
      let lost = 0;
      for (const { edge, number } of eventsIn(buffer.subarray(0, bytes))) {
        lost += number - last - 1;
        last = number;
        if (tokens < 1) lost += 1;
        else {
          edges.push(edge);
          tokens -= 1;
        }
      }
      if (edges.length > 0 || lost > 0) onEvent(offset, { edges, lost });
    }
  }
}
