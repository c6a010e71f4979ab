/** Stands in for the platform's `setTimeout` while a test runs code that has no clock of its own. */
import { settled } from "./fake_clock.ts";

/** Invariant: no timer fires unless the test says so. Dispose of it to bring the real ones back. */
export class FakeTimers implements Disposable {
  readonly #original = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
  readonly #pending = new Map<number, { readonly ms: number; readonly run: () => void }>();
  #lastId = 0;

  constructor() {
    const fakes = {
      setTimeout: (run: () => void, ms = 0) => {
        this.#pending.set(++this.#lastId, { ms, run });
        return this.#lastId;
      },
      clearTimeout: (id: number) => void this.#pending.delete(id),
    };
    Object.assign(globalThis, fakes);
  }

  /** The delays of the timers that are set, in milliseconds, oldest first. */
  get delaysMs(): number[] {
    return [...this.#pending.values()].map(({ ms }) => ms);
  }

  /** Fires the oldest timer, and lets run what it sets off. */
  async fire(): Promise<void> {
    for (const [id, { run }] of this.#pending) {
      this.#pending.delete(id);
      run();
      break;
    }
    await settled();
  }

  [Symbol.dispose](): void {
    Object.assign(globalThis, this.#original);
  }
}
