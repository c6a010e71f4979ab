/** The runner's end of the pipe to one agent: frames in with back-pressure, frames out with a bound. */
import { encodeFrame, isWindowed, MAX_FRAME_BYTES, parseAgentFrame } from "../../protocol/frames.ts";
import type { AgentFrame, RunnerFrame } from "../../protocol/frames.ts";
import { LineSplitter } from "../../protocol/lines.ts";

/** Who receives what an agent says. */
export interface ChannelHandlers {
  /** One frame. A promise means: under way until it settles. It must not reject. */
  onFrame(frame: AgentFrame): Promise<void> | void;
  /** A line that is no frame: printed by the agent's code or by Deno. */
  onOutput(stream: "stdout" | "stderr", line: string): Promise<void> | void;
  /** A line that was longer than a frame may be; it has been passed over. */
  onOversize(start: string): void;
}

/** Reading pauses while this many frames of an agent are under way: twice what a well-behaved harness sends. */
const MAX_UNDER_WAY = 512;
/** Frames for an agent that does not read them, in bytes, before more are refused. */
const MAX_OUTGOING_BYTES = 16 * 1024 * 1024;
/** Of each stream, held while it is read from: always. */
const READ_BUFFER_BYTES = 16 * 1024;
const STDERR_LINE_BYTES = 64 * 1024;

/**
 * Invariants: at most `MAX_UNDER_WAY` frames are unsettled, then the pipe fills and the agent waits; each frame of
 * the window that has settled is acknowledged exactly once, in the order they came; frames go out in the order of `send`.
 */
export class Channel {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #encoder = new TextEncoder();
  #outgoingBytes = 0;
  #closed = false;
  #underWay = 0;
  /** Frames of the window that are not acknowledged yet, oldest first. */
  readonly #window: { settled: boolean }[] = [];
  #acknowledging = false;
  #wakeReaders: (() => void)[] = [];
  /** Resolves when both streams have ended and all their lines are handled. */
  readonly ended: Promise<void>;

  constructor(
    streams: {
      readonly stdin: WritableStream<Uint8Array>;
      readonly stdout: ReadableStream<Uint8Array>;
      readonly stderr: ReadableStream<Uint8Array>;
    },
    private readonly handlers: ChannelHandlers,
  ) {
    this.#writer = streams.stdin.getWriter();
    // The writer reports the end of the process here too; `ended` is how that is noticed.
    this.#writer.closed.catch(() => {});
    const onOversize = (start: string) => this.handlers.onOversize(start);
    this.ended = Promise.all([
      this.#read(
        streams.stdout,
        new LineSplitter(MAX_FRAME_BYTES, onOversize),
        (line) => this.#onStdout(line),
      ),
      this.#read(
        streams.stderr,
        new LineSplitter(STDERR_LINE_BYTES, onOversize),
        (line) => this.#onStderr(line),
      ),
    ]).then(() => {});
  }

  /** Sends a frame; `false` when the agent is gone or does not read and too much waits for it. */
  send(frame: RunnerFrame): boolean {
    if (this.#closed) return false;
    const bytes = this.#encoder.encode(encodeFrame(frame));
    // A frame of control is small and must always get through.
    if (this.#outgoingBytes > MAX_OUTGOING_BYTES && bytes.length > 1024) return false;
    this.#outgoingBytes += bytes.length;
    this.#writer.write(bytes).then(
      () => this.#outgoingBytes -= bytes.length,
      // The agent is gone: its end is reported by the process itself.
      () => this.#closed = true,
    );
    return true;
  }

  /** Closes the agent's stdin; for a process that has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    try {
      await this.#writer.close();
    } catch {
      // The pipe broke with the process: it is closed.
    }
  }

  async #read(
    stream: ReadableStream<Uint8Array>,
    lines: LineSplitter,
    handle: (line: string) => Promise<void> | void,
  ): Promise<void> {
    // A buffer of its own, used again for each read: the stream's default is 64 KiB for every one of them.
    const reader = stream.getReader({ mode: "byob" });
    let buffer = new Uint8Array(READ_BUFFER_BYTES);
    for (;;) {
      const { value: chunk, done } = await reader.read(buffer);
      if (done) break;
      for (const line of lines.push(chunk)) {
        void handle(line);
        if (this.#underWay >= MAX_UNDER_WAY) {
          await new Promise<void>((resolve) => this.#wakeReaders.push(resolve));
        }
      }
      buffer = new Uint8Array(chunk.buffer);
    }
    for (const line of lines.flush()) void handle(line);
  }

  #onStdout(line: string): void {
    const frame = parseAgentFrame(line);
    if (frame === undefined) return this.#track(this.handlers.onOutput("stdout", line), false);
    this.#track(this.handlers.onFrame(frame), isWindowed(frame));
  }

  #onStderr(line: string): void {
    this.#track(this.handlers.onOutput("stderr", line), false);
  }

  #track(settled: Promise<void> | void, inWindow: boolean): void {
    const frame = { settled: settled === undefined };
    if (inWindow) this.#window.push(frame);
    if (settled === undefined) return this.#acknowledge();
    this.#underWay += 1;
    void settled.then(() => {
      this.#underWay -= 1;
      frame.settled = true;
      if (inWindow) this.#acknowledge();
      if (this.#underWay < MAX_UNDER_WAY / 2) this.#wakeReaders.splice(0).forEach((wake) => wake());
    });
  }

  /**
   * Acknowledges what has settled, up to the oldest frame that has not: a count then says which ones are meant. Frames
   * that settle in one turn of the event loop are acknowledged in one line: a write costs more than a frame.
   */
  #acknowledge(): void {
    if (this.#acknowledging || this.#window[0]?.settled !== true) return;
    this.#acknowledging = true;
    setImmediate(() => {
      this.#acknowledging = false;
      const oldestOpen = this.#window.findIndex((frame) => !frame.settled);
      const n = oldestOpen === -1 ? this.#window.length : oldestOpen;
      this.#window.splice(0, n);
      this.send({ t: "ack", n });
    });
  }
}
