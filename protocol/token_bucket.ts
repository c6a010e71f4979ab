/** How much may pass in a time. Pure: the caller brings the time. */

/** A bucket that fills at a rate. It can be asked, or be overdrawn: then the debt is waited for. */
export class TokenBucket {
  #tokens: number;
  #atMs: number;

  /** @param burst what may pass at once */
  constructor(private readonly perSecond: number, nowMs: number, private readonly burst = perSecond) {
    this.#tokens = burst;
    this.#atMs = nowMs;
  }

  /** Takes `count`, there or not. @returns milliseconds until what was taken is there */
  take(count: number, nowMs: number): number {
    this.#fill(nowMs);
    this.#tokens -= count;
    return this.#tokens >= 0 ? 0 : -this.#tokens / this.perSecond * 1000;
  }

  /** Takes one if it is there. */
  tryTake(nowMs: number): boolean {
    this.#fill(nowMs);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Whether nothing has been taken that has not come back. */
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
