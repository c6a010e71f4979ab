/** Keeps a flood of refused commands from turning the audit log over, and from making one of answers: it is counted. */
import type { Clock } from "../clock.ts";

export interface MeterRate {
  /** So many at once are told of one by one. */
  readonly burst: number;
  /** After that, one in so long. */
  readonly refillMs: number;
}

/** For what is kept. */
export const AUDIT_RATE: MeterRate = { burst: 100, refillMs: 10_000 };
/** For what is said on the bus and in the log. */
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
   * Something has been refused.
   * @returns what its line says of those before it that have none; `undefined` when it has none itself
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
