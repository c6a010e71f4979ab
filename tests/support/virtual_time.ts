/**
 * Time for code that has no clock of its own: the platform's timers and clocks stand still until the test moves them. Its
 * random numbers are the same in every run.
 */
import type { Clock } from "../../runner/clock.ts";
import { settled } from "./fake_clock.ts";

interface Timer {
  readonly run: () => void;
  readonly everyMs: number | undefined;
  dueMs: number;
}

/** Its multiples lie far apart. */
const GOLDEN = 0.618033988749895;
const START_MS = Date.UTC(2026, 0, 1);

/** Invariant: timers fire in the order they are due. Dispose of it to bring the real ones back. */
export class VirtualTime implements Disposable {
  readonly #real = {
    setTimeout: globalThis.setTimeout,
    clearTimeout: globalThis.clearTimeout,
    setInterval: globalThis.setInterval,
    clearInterval: globalThis.clearInterval,
  };
  readonly #realNow = Date.now;
  readonly #realPerformanceNow = performance.now;
  readonly #realRandom = Math.random;
  readonly #timers = new Map<number, Timer>();
  #lastId = 0;
  #passedMs = 0;

  constructor() {
    const set = (isRepeated: boolean) => (run: () => void, ms = 0) => {
      const everyMs = isRepeated ? Math.max(ms, 1) : undefined;
      this.#timers.set(++this.#lastId, { run, everyMs, dueMs: this.#passedMs + Math.max(ms, 0) });
      return this.#lastId;
    };
    const clear = (id: number) => void this.#timers.delete(id);
    Object.assign(globalThis, {
      setTimeout: set(false),
      setInterval: set(true),
      clearTimeout: clear,
      clearInterval: clear,
    });
    Date.now = () => START_MS + Math.floor(this.#passedMs);
    performance.now = () => this.#passedMs;
    let drawn = 0;
    Math.random = () => (++drawn * GOLDEN) % 1;
  }

  /** The same time, for what has a clock. */
  readonly clock: Clock = {
    epochSeconds: () => Date.now() / 1000,
    monotonicMs: () => this.#passedMs,
    sleep: (ms, signal) => sleep(ms, signal),
    rest: (ms, signal) => sleep(ms, signal),
  };

  /** Since it began, in milliseconds. */
  get passedMs(): number {
    return this.#passedMs;
  }

  /** How long until the next timer is due, in milliseconds; `undefined`: none is set. */
  get nextMs(): number | undefined {
    const dues = [...this.#timers.values()].map(({ dueMs }) => dueMs);
    return dues.length === 0 ? undefined : Math.max(Math.min(...dues) - this.#passedMs, 0);
  }

  /** Lets `ms` milliseconds pass, and all that they set off run. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#passedMs + ms;
    for (;;) {
      const [next] = [...this.#timers].sort(([a, one], [b, other]) => one.dueMs - other.dueMs || a - b);
      if (next === undefined || next[1].dueMs > endMs) break;
      const [id, timer] = next;
      this.#passedMs = Math.max(this.#passedMs, timer.dueMs);
      if (timer.everyMs === undefined) this.#timers.delete(id);
      else timer.dueMs += timer.everyMs;
      timer.run();
      await settled();
    }
    this.#passedMs = endMs;
  }

  [Symbol.dispose](): void {
    Object.assign(globalThis, this.#real);
    Date.now = this.#realNow;
    performance.now = this.#realPerformanceNow;
    Math.random = this.#realRandom;
  }
}

/** On the timers that are in force. */
function sleep(ms: number, signal?: AbortSignal): Promise<boolean> {
  if (signal?.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(true), ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve(false);
    }, { once: true });
  });
}
