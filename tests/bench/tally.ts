/** Counts numbered messages: which are missing, which came late, which came twice. Pure. */
import type { Count } from "./counter.ts";

/** Messages `{"n": 0, "startMs": …}`, `{"n": 1, …}`, … up to `expected - 1`. */
export class Tally {
  readonly #seen: Uint8Array;
  #received = 0;
  #repeated = 0;
  #disordered = 0;
  #highest = -1;
  #startMs = 0;
  #endMs = 0;

  constructor(private readonly expected: number) {
    this.#seen = new Uint8Array(expected);
  }

  /** Whether each has come. */
  get isComplete(): boolean {
    return this.#received === this.expected;
  }

  /** @param nowMs when it arrived, in milliseconds since the epoch */
  add(payload: string, nowMs: number): void {
    const { n, startMs } = JSON.parse(payload) as { n: number; startMs?: number };
    this.#endMs = nowMs;
    if (startMs !== undefined) this.#startMs = startMs;
    if (this.#seen[n] === 1) {
      this.#repeated += 1;
      return;
    }
    this.#seen[n] = 1;
    this.#received += 1;
    if (n < this.#highest) this.#disordered += 1;
    this.#highest = Math.max(this.#highest, n);
  }

  count(): Count {
    return {
      received: this.#received,
      lost: this.expected - this.#received,
      disordered: this.#disordered,
      repeated: this.#repeated,
      startMs: this.#startMs,
      endMs: this.#endMs,
    };
  }
}
