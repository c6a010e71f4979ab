/** Rate limiting. Pure: the caller supplies the time. */

/** A bucket that fills at a fixed rate. It can refuse, or be overdrawn, in which case the caller waits for the debt. */
export class TokenBucket {
  #tokens: number;
  #atMs: number;

  /** @param burst the most that may pass at once */
  constructor(private readonly perSecond: number, nowMs: number, private readonly burst = perSecond) {
    this.#tokens = burst;
    this.#atMs = nowMs;
  }

  /** Takes `count` even if that overdraws. @returns milliseconds until the debt is repaid */
  take(count: number, nowMs: number): number {
    this.#fill(nowMs);
    this.#tokens -= count;
    return this.#tokens >= 0 ? 0 : -this.#tokens / this.perSecond * 1000;
  }

  /** Takes one if available. */
  tryTake(nowMs: number): boolean {
    this.#fill(nowMs);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Whether the bucket is full again. */
  isFull(nowMs: number): boolean {
    this.#fill(nowMs);
    return this.#tokens >= this.burst;
  }

  #fill(nowMs: number): void {
    const filled = this.#tokens + (nowMs - this.#atMs) / 1000 * this.perSecond;
    this.#tokens = Math.min(filled, this.burst);
    this.#atMs = nowMs;
  }
}
