/** Detects an event loop that hangs: pings it regularly and expects an answer in time. */
import type { Clock } from "../clock.ts";

/** Pings per time limit; as many must have gone unanswered. */
const PINGS_PER_LIMIT = 3;

/** The agent being watched. */
export interface Watched {
  ping(n: number): void;
  /** For how long, in all, its output was not read, in milliseconds: an answer cannot arrive meanwhile. */
  heldBackMs(): number;
  /** It has not answered for `seconds`. */
  onHung(seconds: number): void;
}

/** Invariant: `onHung` is called at most once, and only while the watch is on. */
export class Watchdog {
  #lastQuestion = 0;
  #lastAnswer = 0;
  #lastAnswerMs = 0;
  /** `heldBackMs` at the last answer. */
  #heldBackMs = 0;
  #watched: Watched | undefined;

  /** @param limitMs how long an event loop may fail to answer, in milliseconds */
  constructor(private readonly clock: Clock, private readonly limitMs: number) {}

  /** Records an answer. Agent code can forge answers: those to pings that were never sent are ignored. */
  answered(n: number): void {
    if (n > this.#lastQuestion) return;
    this.#lastAnswer = Math.max(this.#lastAnswer, n);
    this.#heard();
  }

  /** Watches until `signal` is aborted. */
  async watch(watched: Watched, signal: AbortSignal): Promise<void> {
    this.#lastQuestion = 0;
    this.#lastAnswer = 0;
    this.#watched = watched;
    this.#heard();
    for (let n = 1; await this.clock.rest(this.limitMs / PINGS_PER_LIMIT, signal); n++) {
      const heldBackMs = watched.heldBackMs() - this.#heldBackMs;
      const silentMs = this.clock.monotonicMs() - this.#lastAnswerMs - heldBackMs;
      // Unanswered pings count too: a runner that was itself held up must not blame its agents.
      if (n - 1 - this.#lastAnswer >= PINGS_PER_LIMIT && silentMs >= this.limitMs) {
        watched.onHung(silentMs / 1000);
        return;
      }
      this.#lastQuestion = n;
      watched.ping(n);
    }
  }

  #heard(): void {
    this.#lastAnswerMs = this.clock.monotonicMs();
    this.#heldBackMs = this.#watched?.heldBackMs() ?? 0;
  }
}
