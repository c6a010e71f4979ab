/** Keeps a flood of refused commands from turning the audit log over: what comes too fast is counted. */
import type { Clock } from "../clock.ts";

/** So many at once are written down one by one. */
const BURST = 100;
/** After that, one in so long. */
const REFILL_MS = 10_000;

export class RefusalMeter {
  #room = BURST;
  #atMs: number;
  #passedOver = 0;

  constructor(private readonly clock: Clock) {
    this.#atMs = clock.monotonicMs();
  }

  /**
   * Something has been refused.
   * @returns what its line says of those before it that have none; `undefined` when it has none itself
   */
  count(): { readonly passed_over?: number } | undefined {
    const nowMs = this.clock.monotonicMs();
    this.#room = Math.min(BURST, this.#room + (nowMs - this.#atMs) / REFILL_MS);
    this.#atMs = nowMs;
    if (this.#room < 1) {
      this.#passedOver += 1;
      return undefined;
    }
    this.#room -= 1;
    const passed_over = this.#passedOver;
    this.#passedOver = 0;
    return passed_over === 0 ? {} : { passed_over };
  }
}
