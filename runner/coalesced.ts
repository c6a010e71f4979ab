/** Work that is requested far more often than it needs to be done. */
import { TokenBucket } from "../protocol/token_bucket.ts";
import type { Clock } from "./clock.ts";

/** Done at once for so many in a row; after that, all who ask within a while share one answer. */
const BURST = 20;
const PER_SECOND = 20;

/** Invariants: each who asks gets an answer that was made after it asked; the work is done `PER_SECOND` times at most. */
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
