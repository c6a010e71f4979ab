/** An open GPIO line, as agent code uses it. */
import { readGpioOptions } from "../../protocol/devices/gpio.ts";
import type { DeviceRequest } from "../../protocol/devices/requests.ts";
import type { RunnerFrame } from "../../protocol/frames.ts";
import type { GpioEdge, GpioLine, GpioLineOptions } from "../types.d.ts";

/** What a line depends on. */
export interface LineParts {
  /** Asks the node. @throws DeviceError */
  readonly ask: (request: DeviceRequest) => Promise<unknown>;
  /** Calls agent code; logs its errors. */
  readonly call: (work: () => unknown) => void;
  readonly signal: AbortSignal;
  /** Makes the error that `ask` throws. */
  readonly gone: (message: string) => Error;
}

/** Maximum changes that wait for the agent; the oldest are dropped and counted. */
const MAX_WAITING = 1024;

/** The open lines, by handle. */
export class GpioLines {
  readonly #lines = new Map<number, OpenLine>();
  /** Changes that arrived before the line was open. */
  readonly #early = new Map<number, Extract<RunnerFrame, { t: "edges" }>[]>();

  constructor(private readonly parts: LineParts) {}

  async open(line: string, given: GpioLineOptions | undefined): Promise<GpioLine> {
    const options = readOptions(line, given);
    const handle = await this.parts.ask({ op: "gpio_open", line, options }) as number;
    const open = new OpenLine(line, handle, this.parts, () => this.#lines.delete(handle));
    this.#lines.set(handle, open);
    for (const frame of this.#early.get(handle) ?? []) open.receive(frame.edges, frame.lost);
    this.#early.clear();
    return open;
  }

  receive(frame: Extract<RunnerFrame, { t: "edges" | "device_gone" }>): void {
    const line = this.#lines.get(frame.handle);
    if (frame.t === "device_gone") return line?.fail(this.parts.gone(frame.message));
    if (line !== undefined) return line.receive(frame.edges, frame.lost);
    const early = this.#early.get(frame.handle) ?? [];
    this.#early.set(frame.handle, [...early, frame].slice(-MAX_WAITING));
  }
}

function readOptions(line: string, given: GpioLineOptions | undefined) {
  try {
    return readGpioOptions(given);
  } catch (error) {
    throw new TypeError(`Cannot open line ${line}: ${(error as Error).message}`);
  }
}

class OpenLine implements GpioLine {
  lost = 0;
  readonly #waiting: GpioEdge[] = [];
  readonly #handlers = new Set<(edge: GpioEdge) => unknown>();
  #wake: () => void = () => {};
  #isClosed = false;
  #failure: Error | undefined;

  constructor(
    readonly line: string,
    private readonly handle: number,
    private readonly parts: LineParts,
    private readonly onClosed: () => void,
  ) {
    parts.signal.addEventListener("abort", () => this.#wake());
  }

  async read(): Promise<0 | 1> {
    return await this.parts.ask({ op: "gpio_read", handle: this.handle }) as 0 | 1;
  }

  async write(value: 0 | 1 | boolean): Promise<void> {
    const level = Number(value);
    if (level !== 0 && level !== 1) {
      throw new TypeError(`Cannot write to ${this.line}: the value must be 0 or 1`);
    }
    await this.parts.ask({ op: "gpio_write", handle: this.handle, value: level });
  }

  async *edges(): AsyncGenerator<GpioEdge, void, void> {
    for (;;) {
      const edge = this.#waiting.shift();
      if (edge !== undefined) yield edge;
      else if (this.#failure !== undefined) throw this.#failure;
      else if (this.#isClosed || this.parts.signal.aborted) return;
      else await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  onEdge(handler: (edge: GpioEdge) => unknown): () => void {
    if (typeof handler !== "function") throw new TypeError("the handler must be a function");
    this.#handlers.add(handler);
    for (const edge of this.#waiting.splice(0)) this.parts.call(() => handler(edge));
    return () => void this.#handlers.delete(handler);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.onClosed();
    this.#wake();
    if (this.#failure === undefined) await this.parts.ask({ op: "gpio_close", handle: this.handle });
  }

  receive(edges: readonly (readonly [number, 0 | 1])[], lost: number): void {
    this.lost += lost;
    for (const [timestamp, value] of edges) {
      const edge = { value, timestamp };
      for (const handler of this.#handlers) this.parts.call(() => handler(edge));
      if (this.#handlers.size === 0) this.#waiting.push(edge);
    }
    const tooMany = Math.max(0, this.#waiting.length - MAX_WAITING);
    this.lost += this.#waiting.splice(0, tooMany).length;
    this.#wake();
  }

  fail(error: Error): void {
    this.#failure = error;
    this.onClosed();
    this.#wake();
  }
}
