/** Time that passes only when a test says so. */
import { setImmediate } from "node:timers";
import type { Clock } from "../../runner/clock.ts";

interface Sleeper {
  readonly dueMs: number;
  readonly wake: () => void;
}

/** Invariant: sleeps end in the order they are due, and those that are due together in the order they began. */
export class FakeClock implements Clock {
  #nowMs = 0;
  readonly #sleepers = new Set<Sleeper>();

  /** @param epochSeconds what the wall clock shows at the start */
  constructor(private startSeconds: number = 1_700_000_000) {}

  /** Sets the wall clock, as a time server does. */
  jump(seconds: number): void {
    this.startSeconds += seconds;
  }

  epochSeconds(): number {
    return this.startSeconds + this.#nowMs / 1000;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  /** How long each sleep that is under way still lasts, in milliseconds, the shortest first. */
  get pendingMs(): number[] {
    return this.#inOrder().map(({ dueMs }) => dueMs - this.#nowMs);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<boolean> {
    if (signal?.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const end = (ran: boolean) => {
        this.#sleepers.delete(sleeper);
        signal?.removeEventListener("abort", onAbort);
        resolve(ran);
      };
      const onAbort = () => end(false);
      const sleeper = { dueMs: this.#nowMs + ms, wake: () => end(true) };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", onAbort);
    });
  }

  rest(ms: number, signal?: AbortSignal): Promise<boolean> {
    return this.sleep(ms, signal);
  }

  /** Lets `ms` milliseconds pass, and all that they set off run. */
  async advance(ms: number): Promise<void> {
    await settled();
    const endMs = this.#nowMs + ms;
    for (;;) {
      const next = this.#inOrder()[0];
      if (next === undefined || next.dueMs > endMs) break;
      this.#nowMs = next.dueMs;
      next.wake();
      await settled();
    }
    this.#nowMs = endMs;
  }

  #inOrder(): Sleeper[] {
    return [...this.#sleepers].sort((a, b) => a.dueMs - b.dueMs);
  }
}

/** Resolves when all that is ready to run has run: one turn of the event loop, no time. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
