/** A rate for display. Pure. */

/** Events per second, averaged over the last few seconds. */
export class RateMeter {
  readonly #counts = new Map<number, number>();

  constructor(private readonly spanSeconds = 5) {}

  add(now: number): void {
    const second = Math.floor(now);
    this.#counts.set(second, (this.#counts.get(second) ?? 0) + 1);
    if (this.#counts.size > this.spanSeconds + 1) this.#forget(second);
  }

  /** The average over the full seconds before the current one. */
  perSecond(now: number): number {
    const second = Math.floor(now);
    this.#forget(second);
    let sum = 0;
    for (const [at, count] of this.#counts) if (at < second) sum += count;
    return Math.round(sum / this.spanSeconds);
  }

  #forget(second: number): void {
    for (const at of this.#counts.keys()) if (at < second - this.spanSeconds) this.#counts.delete(at);
  }
}
