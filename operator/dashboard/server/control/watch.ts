/** Waits for something to happen on the bus, as the model takes it in. */
import type { Change } from "../model/model.ts";

type Listener = (changes: readonly Change[]) => void;

export class Watch {
  readonly #listeners = new Set<Listener>();

  /** Tells whoever waits. */
  note(changes: readonly Change[]): void {
    if (changes.length > 0) { for (const listener of [...this.#listeners]) listener(changes); }
  }

  /**
   * The first change that `pick` makes something of.
   * @param signal ends the waiting: then it resolves with `undefined`
   */
  until<T>(pick: (change: Change) => T | undefined, signal: AbortSignal): Promise<T | undefined> {
    return new Promise((resolve) => {
      const end = (value: T | undefined) => {
        this.#listeners.delete(listener);
        signal.removeEventListener("abort", onAbort);
        resolve(value);
      };
      const listener = (changes: readonly Change[]) => {
        for (const change of changes) {
          const value = pick(change);
          if (value !== undefined) return end(value);
        }
      };
      const onAbort = () => end(undefined);
      if (signal.aborted) return resolve(undefined);
      signal.addEventListener("abort", onAbort);
      this.#listeners.add(listener);
    });
  }
}
