/** Waits that share timers: one platform timer serves all waits that are due at about the same time. */

const BEAT_MS = 250;

interface Beat {
  readonly timer: ReturnType<typeof setTimeout>;
  readonly resting: Set<(ran: boolean) => void>;
}

/** Invariant: a beat has a timer while somebody waits for it. */
export class Beats {
  readonly #beats = new Map<number, Beat>();

  /** @param nowMs a monotonic clock */
  constructor(private readonly nowMs: () => number = () => performance.now()) {}

  /** Resolves `true` at the beat nearest to the end of `ms`, but not at once; `false` as soon as `signal` is aborted. */
  rest(ms: number, signal?: AbortSignal): Promise<boolean> {
    if (signal?.aborted) return Promise.resolve(false);
    const number = beatAfter(this.nowMs(), ms);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const { resting } = this.#at(number);
    const end = (ran: boolean) => {
      signal?.removeEventListener("abort", onAbort);
      resolve(ran);
    };
    const onAbort = () => {
      resting.delete(end);
      if (resting.size === 0) this.#cancel(number);
      end(false);
    };
    resting.add(end);
    signal?.addEventListener("abort", onAbort);
    return promise;
  }

  #at(number: number): Beat {
    const known = this.#beats.get(number);
    if (known !== undefined) return known;
    const resting: Beat["resting"] = new Set();
    const timer = setTimeout(() => {
      this.#beats.delete(number);
      for (const end of resting) end(true);
    }, number * BEAT_MS - this.nowMs());
    const beat = { timer, resting };
    this.#beats.set(number, beat);
    return beat;
  }

  #cancel(number: number): void {
    clearTimeout(this.#beats.get(number)?.timer);
    this.#beats.delete(number);
  }
}

/** The number of the beat nearest to `nowMs + ms`: the next one at the earliest, never the current one. */
export function beatAfter(nowMs: number, ms: number): number {
  const next = Math.floor(nowMs / BEAT_MS) + 1;
  return Math.max(Math.round((nowMs + ms) / BEAT_MS), next);
}
