/** Counts refused commands, so that a flood of them neither fills the audit log nor causes a flood of answers. */
import type { Clock } from "../clock.ts";

export interface MeterRate {
  /** How many refusals in a burst are reported individually. */
  readonly burst: number;
  /** Interval of individual reports after the burst. */
  readonly refillMs: number;
}

/** Limits what is stored. */
export const AUDIT_RATE: MeterRate = { burst: 100, refillMs: 10_000 };
/** Limits what is sent on the bus and to the log. */
export const SAY_RATE: MeterRate = { burst: 200, refillMs: 100 };

export class RefusalMeter {
  #room: number;
  #atMs: number;
  #passedOver = 0;

  constructor(private readonly clock: Clock, private readonly rate: MeterRate) {
    this.#room = rate.burst;
    this.#atMs = clock.monotonicMs();
  }

  /**
   * Records a refusal.
   * @returns the count of unreported refusals for this refusal's line; `undefined` if it gets no line
   */
  count(): { readonly passed_over?: number } | undefined {
    const nowMs = this.clock.monotonicMs();
    const { burst, refillMs } = this.rate;
    this.#room = Math.min(burst, this.#room + (nowMs - this.#atMs) / refillMs);
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
