/** Work that is requested far more often than it needs to be done. */
import { TokenBucket } from "../protocol/token_bucket.ts";
import type { Clock } from "./clock.ts";

/** This many requests in a row are served at once; after that, requests within an interval share one answer. */
const BURST = 20;
const PER_SECOND = 20;

/**
 * Invariants: every caller gets an answer made after its call; the work is done at most `PER_SECOND` times a second.
 */
export class Coalesced<T> {
  readonly #bucket: TokenBucket;
  #next: Promise<T> | undefined;

  constructor(private readonly clock: Clock, private readonly work: () => T) {
    this.#bucket = new TokenBucket(PER_SECOND, clock.monotonicMs(), BURST);
  }

  ask(): T | Promise<T> {
    if (this.#next !== undefined) return this.#next;
    const waitMs = this.#bucket.take(1, this.clock.monotonicMs());
    return waitMs === 0 ? this.work() : this.#next = this.#later(waitMs);
  }

  async #later(waitMs: number): Promise<T> {
    await this.clock.sleep(waitMs);
    this.#next = undefined;
    return this.work();
  }
}
