/** An open GPIO line, as agent code uses it. */
import { type GpioAction, readGpioOptions } from "../../protocol/devices/gpio.ts";
import type { DeviceEvent, DeviceRequest } from "../../protocol/devices/requests.ts";
import type { GpioEdge, GpioLine, GpioLineOptions } from "../types.d.ts";
import type { DeviceParts, Listener } from "./device_parts.ts";

/** Maximum changes that wait for the agent; the oldest are dropped and counted. */
const MAX_WAITING = 1024;

export async function openLine(
  parts: DeviceParts,
  line: string,
  given: GpioLineOptions | undefined,
): Promise<GpioLine> {
  const options = readOptions(line, given);
  const handle = await parts.ask({ op: "open", kind: "gpio", entry: line, options }) as number;
  const open = new OpenLine(line, handle, parts);
  parts.handles.add(handle, open);
  return open;
}

function readOptions(line: string, given: GpioLineOptions | undefined) {
  try {
    return readGpioOptions(given);
  } catch (error) {
    throw new TypeError(`Cannot open line ${line}: ${(error as Error).message}`);
  }
}

class OpenLine implements GpioLine, Listener {
  lost = 0;
  readonly #waiting: GpioEdge[] = [];
  readonly #handlers = new Set<(edge: GpioEdge) => unknown>();
  #wake: () => void = () => {};
  #isClosed = false;
  #failure: Error | undefined;

  constructor(
    readonly line: string,
    private readonly handle: number,
    private readonly parts: DeviceParts,
  ) {
    parts.signal.addEventListener("abort", () => this.#wake());
  }

  async read(): Promise<0 | 1> {
    return await this.parts.ask(this.#request({ do: "level" })) as 0 | 1;
  }

  async write(value: 0 | 1 | boolean): Promise<void> {
    const level = Number(value);
    if (level !== 0 && level !== 1) {
      throw new TypeError(`Cannot write to ${this.line}: the value must be 0 or 1`);
    }
    await this.parts.ask(this.#request({ do: "set", value: level }));
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
    this.parts.handles.remove(this.handle);
    this.#wake();
    if (this.#failure === undefined) await this.parts.ask({ op: "close", handle: this.handle });
  }

  receive(event: DeviceEvent): void {
    if (!("edges" in event)) return;
    const { edges, lost } = event;
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
    this.#wake();
  }

  #request(action: GpioAction): DeviceRequest {
    return { op: "act", handle: this.handle, action };
  }
}
