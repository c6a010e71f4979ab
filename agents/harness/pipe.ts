/** The harness end of the pipe: sends frames up, with a window that keeps a busy agent from flooding the node. */
import {
  type AgentFrame,
  encodeFrame,
  MAX_FRAME_BYTES,
  sizeRefusal,
  WINDOW_BYTES,
  WINDOW_FRAMES,
  type WindowedFrame,
} from "../../protocol/frames.ts";
import { hasTooManyParts, MAX_PARTS } from "../../protocol/json.ts";

const DONE = Promise.resolve();
const SMALL_FRAME_BYTES = 16 * 1024;

interface Waiting {
  readonly bytes: Uint8Array;
  readonly done: () => void;
}

/**
 * Invariants: frames of the window are written in the order of the calls; when a frame's promise
 * resolves, the frame has left this process, so an immediate exit loses nothing; the runner acknowledges frames in the order
 * they were written.
 */
export class Pipe {
  readonly #encoder = new TextEncoder();
  readonly #scratch = new Uint8Array(SMALL_FRAME_BYTES);
  readonly #sizes: number[] = [];
  /** In a durable pipe, the callback for each acknowledgement, parallel to `#sizes`. */
  readonly #acknowledged: ((() => void) | undefined)[] = [];
  readonly #waiting: Waiting[] = [];
  #bytesUnderWay = 0;
  #idle: (() => void)[] = [];

  /**
   * @param write writes to the pipe, blocking; returns how many bytes it took
   * @param durable whether a window frame is done when it is acknowledged (otherwise when it is written)
   * @param maxBytes of the frame content that is meant for others
   */
  constructor(
    private readonly write: (bytes: Uint8Array) => number,
    private readonly durable: boolean,
    private readonly maxBytes = MAX_FRAME_BYTES,
  ) {}

  /** Writes a frame that does not count against the window. */
  send(frame: AgentFrame): void {
    this.#writeAll(this.#encode(frame));
  }

  /** Writes a frame as soon as the window has room for it. */
  sendInWindow(frame: WindowedFrame): Promise<void> {
    const bytes = this.#encode(frame);
    if (this.#waiting.length === 0 && this.#hasRoom(bytes.length)) {
      if (this.durable) return new Promise((done) => this.#writeInWindow(bytes, done));
      this.#writeInWindow(bytes);
      return DONE;
    }
    // The scratch buffer is reused before this frame's turn comes.
    const own = bytes.slice();
    return new Promise((done) => this.#waiting.push({ bytes: own, done }));
  }

  /** Writes a window frame at once, for callers that cannot wait (`console`). Blocks when the pipe is full. */
  sendWithoutWaiting(frame: WindowedFrame): void {
    this.#writeInWindow(this.#encode(frame));
  }

  /** The runner has handled the `n` oldest frames of the window. */
  acknowledge(n: number): void {
    for (const size of this.#sizes.splice(0, n)) this.#bytesUnderWay -= size;
    for (const done of this.#acknowledged.splice(0, n)) done?.();
    let next = this.#waiting[0];
    while (next !== undefined && this.#hasRoom(next.bytes.length)) {
      this.#waiting.shift();
      this.#writeInWindow(next.bytes, this.durable ? next.done : undefined);
      if (!this.durable) next.done();
      next = this.#waiting[0];
    }
    if (this.#waiting.length === 0) this.#idle.splice(0).forEach((resolve) => resolve());
  }

  /** Resolves once no frame is waiting for the window. */
  drained(): Promise<void> {
    return this.#waiting.length === 0 ? DONE : new Promise((resolve) => this.#idle.push(resolve));
  }

  #hasRoom(size: number): boolean {
    return this.#sizes.length === 0 ||
      (this.#sizes.length < WINDOW_FRAMES && this.#bytesUnderWay + size <= WINDOW_BYTES);
  }

  #writeInWindow(bytes: Uint8Array, acknowledged?: () => void): void {
    this.#sizes.push(bytes.length);
    this.#acknowledged.push(acknowledged);
    this.#bytesUnderWay += bytes.length;
    this.#writeAll(bytes);
  }

  #encode(frame: AgentFrame): Uint8Array {
    const refusal = sizeRefusal(frame, this.maxBytes);
    if (refusal !== undefined) throw new RangeError(refusal);
    const line = encodeFrame(frame);
    if (line.length * 3 <= SMALL_FRAME_BYTES) {
      return this.#scratch.subarray(0, this.#encoder.encodeInto(line, this.#scratch).written);
    }
    if (hasTooManyParts(line)) {
      throw new RangeError(
        `the message holds more than ${MAX_PARTS} objects, lists and texts; publish() takes it as one text`,
      );
    }
    const bytes = this.#encoder.encode(line);
    if (bytes.length > MAX_FRAME_BYTES) {
      throw new RangeError(
        `the message needs ${bytes.length} bytes on the way to the node, the limit is ${MAX_FRAME_BYTES}`,
      );
    }
    return bytes;
  }

  #writeAll(bytes: Uint8Array): void {
    let offset = 0;
    while (offset < bytes.length) offset += this.write(bytes.subarray(offset));
  }
}
