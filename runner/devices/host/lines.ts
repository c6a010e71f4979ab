/** The lines of one GPIO chip, for the agents that were granted them. */
import type { Edge, GpioOptions } from "../../../protocol/devices/gpio.ts";
import { DeviceError } from "../device_error.ts";
import type { HostAnswer, HostRequest } from "./frames.ts";
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
import type { System } from "./libc.ts";

interface OpenLine {
  readonly agent: string;
  readonly fd: number;
  readonly options: GpioOptions;
  /** Settles once nothing reads the line any more. */
  watching: Promise<void>;
  isClosing: boolean;
}

type EdgeAnswer = Extract<HostAnswer, { edges: unknown }>;

const WAIT_MS = 250;
const READ_EVENTS = 64;
/** How many changes of one line are reported per second, and in one burst; the rest is only counted. */
const TOLD_A_SECOND = 500;
const TOLD_AT_ONCE = 250;
const ENOENT = 2;
const ENODEV = 19;
const EACCES = 13;
const EPERM = 1;
const EBUSY = 16;

/**
 * Invariants: a line is used only by the agent that was granted it last; an output is set to its safe level before it
 * is closed, for whatever reason.
 */
export class Lines {
  readonly #granted = new Map<number, string>();
  readonly #open = new Map<number, OpenLine>();
  /** Lines that are being returned to the kernel. */
  readonly #closing = new Map<number, Promise<void>>();
  #chip: number | undefined;

  /**
   * @param path the chip's device node
   * @param onEdges called with changes, in order
   */
  constructor(
    private readonly path: string,
    private readonly system: System,
    private readonly onEdges: (answer: EdgeAnswer) => void,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  /** @returns the level for `read`, else 0 @throws DeviceError */
  async carryOut(request: HostRequest): Promise<number> {
    const { agent, offset } = request;
    if (request.op === "grant") {
      const line = this.#open.get(offset);
      if (line !== undefined && line.agent !== agent) await this.#close(offset, line);
      this.#granted.set(offset, agent);
      return 0;
    }
    if (this.#granted.get(offset) !== agent) {
      throw new DeviceError("not_granted", `line ${offset} is not granted to '${agent}'`);
    }
    if (request.op === "open") {
      await this.#closing.get(offset)?.catch(() => {});
      return this.#openLine(agent, offset, request.options);
    }
    const line = this.#open.get(offset);
    if (line === undefined) throw new DeviceError("failed", `line ${offset} is not open`);
    switch (request.op) {
      case "read":
        return this.#levelOf(line);
      case "write":
        this.#set(line, request.value);
        return 0;
      case "rest":
        if (line.options.direction === "out") this.#set(line, line.options.safe);
        return 0;
      case "close":
        await this.#close(offset, line);
        return 0;
      default:
        return request satisfies never;
    }
  }

  /** All outputs go to their safe level, and all lines are free. Does not wait. */
  closeAll(): void {
    for (const [offset, line] of this.#open) void this.#close(offset, line).catch(() => {});
  }

  #openLine(agent: string, offset: number, options: GpioOptions): number {
    if (this.#open.has(offset)) throw new DeviceError("busy", `line ${offset} is open already`);
    this.#chip ??= this.#checked(this.system.open(this.path), `open ${this.path}`);
    const request = lineRequest(offset, options, `agentflow ${agent}`);
    try {
      this.#checked(this.system.ioctl(this.#chip, GET_LINE, request), `use line ${offset} of ${this.path}`);
    } catch (error) {
      // The next attempt opens the chip again: it may have been unplugged and plugged in again.
      if (this.#open.size === 0) this.#closeChip();
      throw error;
    }
    const line: OpenLine = {
      agent,
      fd: lineFd(request),
      options,
      watching: Promise.resolve(),
      isClosing: false,
    };
    this.#open.set(offset, line);
    if (options.edges !== "none") line.watching = this.#watch(offset, line);
    return 0;
  }

  #levelOf({ fd }: OpenLine): number {
    const values = lineValues(0);
    this.#checked(this.system.ioctl(fd, GET_VALUES, values), "read the line");
    return levelIn(values);
  }

  #set({ fd, options }: OpenLine, value: 0 | 1): void {
    if (options.direction !== "out") throw new DeviceError("failed", "the line is an input");
    this.#checked(this.system.ioctl(fd, SET_VALUES, lineValues(value)), "set the line");
  }

  #close(offset: number, line: OpenLine): Promise<void> {
    const closing = this.#finish(offset, line).finally(() => this.#closing.delete(offset));
    this.#closing.set(offset, closing);
    return closing;
  }

  async #finish(offset: number, line: OpenLine): Promise<void> {
    line.isClosing = true;
    this.#open.delete(offset);
    try {
      if (line.options.direction === "out") this.#set(line, line.options.safe);
    } finally {
      await line.watching;
      this.system.close(line.fd);
      if (this.#open.size === 0) this.#closeChip();
    }
  }

  #closeChip(): void {
    if (this.#chip !== undefined) this.system.close(this.#chip);
    this.#chip = undefined;
  }

  async #watch(offset: number, line: OpenLine): Promise<void> {
    const buffer = new Uint8Array(READ_EVENTS * EVENT_BYTES);
    let last = 0;
    let [tokens, atMs] = [TOLD_AT_ONCE, this.nowMs()];
    while (!line.isClosing) {
      if (!await this.system.readable(line.fd, WAIT_MS) || line.isClosing) continue;
      const bytes = this.system.read(line.fd, buffer);
      // The chip is gone: reading and writing the line report it.
      if (bytes <= 0) return;
      const now = this.nowMs();
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
      if (edges.length > 0 || lost > 0) this.onEdges({ offset, edges, lost });
    }
  }

  /** @throws DeviceError for a negative error number */
  #checked(result: number, what: string): number {
    if (result >= 0) return result;
    switch (-result) {
      case ENOENT:
      case ENODEV:
        throw new DeviceError("not_found", `cannot ${what}: it is not there`);
      case EPERM:
      case EACCES:
        throw new DeviceError("failed", `cannot ${what}: the node's user may not (is it in the group gpio?)`);
      case EBUSY:
        throw new DeviceError("busy", `cannot ${what}: another program or a driver of the kernel has it`);
      default:
        throw new DeviceError("failed", `cannot ${what}: error ${-result} of the kernel`);
    }
  }
}
