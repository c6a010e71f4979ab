/** How fast an agent may talk: anything faster stays in its pipe until the agent itself has to wait. */
import { TokenBucket } from "../../protocol/token_bucket.ts";
import type { Clock } from "../clock.ts";

/** Rates; a burst may be as large as one second's worth. */
export interface PaceLimits {
  readonly messagesPerSecond: number;
  readonly bytesPerSecond: number;
}

/**
 * Runner time, in milliseconds per second, that an agent's long lines may take: a message of many small parts takes far
 * longer than its length suggests, and everybody else waits.
 */
const WORK_MS_PER_SECOND = 200;
/**
 * Pieces of a line that arrive one by one: each costs a read, however short it is. While the agent is throttled, further
 * pieces collect in the pipe and arrive together.
 */
const FRAGMENTS_PER_SECOND = 200;

type Limit = "messages" | "bytes" | "work" | "fragments";

/** The shortest time between two reports that a limit holds an agent back. */
const REMIND_MS = 60_000;

/** Holds one process to its rates. */
export class Pace {
  readonly #messages: TokenBucket;
  readonly #bytes: TokenBucket;
  readonly #work: TokenBucket;
  readonly #fragments: TokenBucket;
  readonly #saidAtMs = new Map<Limit, number>();
  /** The time since which at least one bucket has not been full. */
  #busy = { sinceMs: 0, messages: 0, bytes: 0, workMs: 0, fragments: 0 };

  /** @param onHeld receives a message with the limit and the measured value */
  constructor(
    private readonly limits: PaceLimits,
    private readonly clock: Clock,
    private readonly onHeld: (message: string) => void,
  ) {
    const nowMs = clock.monotonicMs();
    this.#messages = new TokenBucket(limits.messagesPerSecond, nowMs);
    this.#bytes = new TokenBucket(limits.bytesPerSecond, nowMs);
    this.#work = new TokenBucket(WORK_MS_PER_SECOND, nowMs);
    this.#fragments = new TokenBucket(FRAGMENTS_PER_SECOND, nowMs);
  }

  /**
   * Accounts for data that has been read.
   * @param workMs time spent on its long lines
   * @param fragments reads that returned a piece of a line
   * @returns milliseconds before more may be read
   */
  spend(messages: number, bytes: number, workMs = 0, fragments = 0): number {
    const nowMs = this.clock.monotonicMs();
    const buckets = [this.#messages, this.#bytes, this.#work, this.#fragments];
    if (buckets.every((bucket) => bucket.isFull(nowMs))) {
      this.#busy = { sinceMs: nowMs, messages: 0, bytes: 0, workMs: 0, fragments: 0 };
    }
    this.#busy.messages += messages;
    this.#busy.bytes += bytes;
    this.#busy.workMs += workMs;
    this.#busy.fragments += fragments;
    const waits: Readonly<Record<Limit, number>> = {
      messages: this.#messages.take(messages, nowMs),
      bytes: this.#bytes.take(bytes, nowMs),
      work: this.#work.take(workMs, nowMs),
      fragments: this.#fragments.take(fragments, nowMs),
    };
    const waitMs = Math.max(...Object.values(waits));
    const limit = (Object.keys(waits) as Limit[]).find((each) => waits[each] === waitMs);
    if (waitMs > 0 && limit !== undefined) this.#say(limit, nowMs);
    return waitMs;
  }

  #say(limit: Limit, nowMs: number): void {
    if (nowMs - (this.#saidAtMs.get(limit) ?? -Infinity) < REMIND_MS) return;
    this.#saidAtMs.set(limit, nowMs);
    this.onHeld(`${this.#measured(limit, nowMs)}: throttled`);
  }

  #measured(limit: Limit, nowMs: number): string {
    const { sinceMs, messages, bytes, workMs, fragments } = this.#busy;
    const { messagesPerSecond, bytesPerSecond } = this.limits;
    const span = `in ${((nowMs - sinceMs) / 1000).toFixed(1)} s`;
    const kb = (count: number) => (count / 1024).toFixed(0);
    switch (limit) {
      case "messages":
        return `message rate limit: ${messages} messages ${span}, ${messagesPerSecond} a second allowed`;
      case "bytes":
        return `output rate limit: ${kb(bytes)} KB ${span}, ${kb(bytesPerSecond)} KB a second allowed`;
      case "work":
        return `work limit: its large messages took the node ${workMs.toFixed(0)} ms ${span}, ` +
          `${WORK_MS_PER_SECOND} ms a second allowed`;
      case "fragments":
        return `unfinished lines: ${fragments.toFixed(0)} pieces of lines ${span}, ` +
          `${FRAGMENTS_PER_SECOND} a second allowed`;
      default:
        return limit satisfies never;
    }
  }
}
