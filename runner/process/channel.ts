/** The runner's end of the pipe to one agent: frames in with back-pressure, frames out with a bound. */
import { isTooIntricate, parseAgentFrame } from "../../protocol/agent_frames.ts";
import {
  encodeFrame,
  isWindowed,
  MAX_FRAME_BYTES,
  WINDOW_BYTES,
  WINDOW_FRAMES,
} from "../../protocol/frames.ts";
import type { AgentFrame, RunnerFrame } from "../../protocol/frames.ts";
import { LineSplitter } from "../../protocol/lines.ts";

/** The limits that a line can exceed. */
export type LineLimit = "length" | "parts";

/** Receives what an agent says. */
export interface ChannelHandlers {
  /** One frame. A returned promise means: under way until it settles. It must not reject. */
  onFrame(frame: AgentFrame): Promise<void> | void;
  /** A line that is not a frame: printed by the agent's code or by Deno. */
  onOutput(stream: "stdout" | "stderr", line: string): Promise<void> | void;
  /** A line longer than a frame may be, or a frame of too many parts; it has been dropped. */
  onOversize(start: string, limit: LineLimit): void;
}

/** How much has been read from an agent. */
export interface Amount {
  readonly lines: number;
  readonly bytes: number;
  /** Time spent on its long lines, in milliseconds. */
  readonly workMs: number;
  /** Reads without a line end; a read that fills half the buffer counts half, a full one not at all. */
  readonly fragments: number;
}

/**
 * Told how much has been read from an agent.
 * @returns settles when more may be read
 */
export type Brake = (amount: Amount) => Promise<void>;

/** Reading pauses while this many frames of an agent are under way: twice what a well-behaved harness sends. */
const MAX_UNDER_WAY = 2 * WINDOW_FRAMES;
/** … or this many characters of them: agent code can exceed the window that the harness keeps. */
const MAX_CHARS_UNDER_WAY = 2 * WINDOW_BYTES;
/** Bytes of unread messages and tasks for an agent before more are refused. */
const MAX_OUTGOING_BYTES = 16 * 1024 * 1024;
/** The read buffer of each stream, held all the time. */
const READ_BUFFER_BYTES = 16 * 1024;
/** The same for all other frames: answers and control still have room when messages and tasks have none. */
const MAX_CONTROL_BYTES = 2 * MAX_OUTGOING_BYTES;
/** Rough overhead of a waiting frame, in addition to its bytes. */
const OVERHEAD_BYTES = 1024;
const STDERR_LINE_BYTES = 64 * 1024;
/** Shorter lines cost little, and other agents have their turn between two of them. */
const LONG_LINE_CHARS = 32 * 1024;
/** How much of a dropped line is shown. */
const START_CHARS = 200;

/**
 * Invariants: at most `MAX_UNDER_WAY` frames are unsettled, then the pipe fills and the agent waits; each frame of
 * the window that has settled is acknowledged exactly once, in the order they came; frames go out in the order of
 * `send`; what waits to go out is bounded; nothing an agent says makes `ended` reject.
 */
export class Channel {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #encoder = new TextEncoder();
  #outgoingBytes = 0;
  #closed = false;
  #underWay = 0;
  #charsUnderWay = 0;
  /** Frames of the window, from the oldest unsettled one on. */
  readonly #window: { settled: boolean }[] = [];
  #acknowledging = false;
  /** Settled frames that have not been acknowledged yet. */
  #settledFrames = 0;
  #ackPending = false;
  #wakeReaders: (() => void)[] = [];
  /** How many of the streams are not being read, since when any, and for how long before that. */
  readonly #paused = { streams: 0, sinceMs: 0, beforeMs: 0 };
  /** Resolves when both streams have ended and all their lines are handled. */
  readonly ended: Promise<void>;

  constructor(
    streams: {
      readonly stdin: WritableStream<Uint8Array>;
      readonly stdout: ReadableStream<Uint8Array>;
      readonly stderr: ReadableStream<Uint8Array>;
    },
    private readonly handlers: ChannelHandlers,
    private readonly brake: Brake = () => Promise.resolve(),
    private readonly nowMs: () => number = () => 0,
  ) {
    this.#writer = streams.stdin.getWriter();
    // The writer also reports the end of the process here; `ended` already covers that.
    this.#writer.closed.catch(() => {});
    const onOversize = (start: string) => this.handlers.onOversize(start, "length");
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

  /** For how long, in all, a stream was not read, in milliseconds: an agent that writes to it has to wait meanwhile. */
  get heldBackMs(): number {
    const { streams, sinceMs, beforeMs } = this.#paused;
    return streams === 0 ? beforeMs : beforeMs + this.nowMs() - sinceMs;
  }

  /** Sends a frame; `false` when the agent is gone or does not read and too much waits for it. */
  send(frame: RunnerFrame): boolean {
    const isData = frame.t === "message" || frame.t === "task";
    const limit = isData ? MAX_OUTGOING_BYTES : MAX_CONTROL_BYTES;
    if (this.#closed || this.#outgoingBytes >= limit) return false;
    const bytes = this.#encoder.encode(encodeFrame(frame));
    // The harness exits on a line that is far too long.
    if (bytes.length > limit) return false;
    const cost = bytes.length + OVERHEAD_BYTES;
    this.#outgoingBytes += cost;
    this.#writer.write(bytes).then(
      () => {
        this.#outgoingBytes -= cost;
        if (frame.t === "ack") this.#ackPending = false;
        this.#sendAck();
      },
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
    // One buffer, reused for each read: by default the stream allocates 64 KiB per read.
    const reader = stream.getReader({ mode: "byob" });
    let buffer = new Uint8Array(READ_BUFFER_BYTES);
    for (;;) {
      const { value: chunk, done } = await reader.read(buffer);
      if (done) break;
      const complete = lines.push(chunk);
      const bytes = chunk.length;
      let workMs = 0;
      for (const line of complete) {
        if (line.length < LONG_LINE_CHARS) void handle(line);
        else {
          const startedMs = this.nowMs();
          void handle(line);
          workMs += this.nowMs() - startedMs;
        }
        if (this.#underWay >= MAX_UNDER_WAY || this.#charsUnderWay >= MAX_CHARS_UNDER_WAY) {
          await this.#pause(new Promise<void>((resolve) => this.#wakeReaders.push(resolve)));
        }
      }
      buffer = new Uint8Array(chunk.buffer);
      const fragments = complete.length > 0 ? 0 : 1 - bytes / READ_BUFFER_BYTES;
      await this.#pause(this.brake({ lines: complete.length, bytes, workMs, fragments }));
    }
    for (const line of lines.flush()) void handle(line);
  }

  async #pause(over: Promise<void>): Promise<void> {
    const paused = this.#paused;
    if (paused.streams++ === 0) paused.sinceMs = this.nowMs();
    await over;
    if (--paused.streams === 0) paused.beforeMs += this.nowMs() - paused.sinceMs;
  }

  #onStdout(line: string): void {
    if (isTooIntricate(line)) return this.handlers.onOversize(line.slice(0, START_CHARS), "parts");
    const frame = parseAgentFrame(line);
    if (frame === undefined) return this.#track(line, () => this.handlers.onOutput("stdout", line), false);
    this.#track(line, () => this.handlers.onFrame(frame), isWindowed(frame));
  }

  #onStderr(line: string): void {
    this.#track(line, () => this.handlers.onOutput("stderr", line), false);
  }

  #track(line: string, handle: () => Promise<void> | void, inWindow: boolean): void {
    let settled: Promise<void> | void;
    try {
      settled = handle();
    } catch (error) {
      settled = this.#sayFailure(error);
    }
    const frame = { settled: settled === undefined };
    if (inWindow) this.#window.push(frame);
    if (settled === undefined) return this.#acknowledge();
    this.#underWay += 1;
    this.#charsUnderWay += line.length;
    const onSettled = () => {
      this.#underWay -= 1;
      this.#charsUnderWay -= line.length;
      frame.settled = true;
      if (inWindow) this.#acknowledge();
      if (this.#underWay < MAX_UNDER_WAY / 2 && this.#charsUnderWay <= MAX_CHARS_UNDER_WAY / 2) {
        this.#wakeReaders.splice(0).forEach((wake) => wake());
      }
    };
    settled.then(onSettled, async (error) => {
      await this.#sayFailure(error);
      onSettled();
    });
  }

  /** A frame that makes the runner throw is a bug in the runner: it must not affect the other agents. */
  #sayFailure(error: unknown): Promise<void> | void {
    const reason = error instanceof Error ? error.message : String(error);
    return this.handlers.onOutput("stderr", `The node could not handle a message from the agent: ${reason}`);
  }

  /**
   * Acknowledges settled frames up to the oldest unsettled one, so that a count identifies them. Frames that settle in
   * one turn of the event loop are acknowledged in one line: a write costs more than a frame.
   */
  #acknowledge(): void {
    if (this.#acknowledging || this.#window[0]?.settled !== true) return;
    this.#acknowledging = true;
    setImmediate(() => {
      this.#acknowledging = false;
      const oldestOpen = this.#window.findIndex((frame) => !frame.settled);
      const n = oldestOpen === -1 ? this.#window.length : oldestOpen;
      this.#window.splice(0, n);
      this.#settledFrames += n;
      this.#sendAck();
    });
  }

  /** Only one acknowledgement is in flight, so they cannot pile up for an agent that does not read. */
  #sendAck(): void {
    const n = this.#settledFrames;
    if (n === 0 || this.#ackPending || !this.send({ t: "ack", n })) return;
    this.#ackPending = true;
    this.#settledFrames = 0;
  }
}
