/** Work that takes turns. */
import { orAborted } from "../protocol/abort.ts";

/** Work that must not overlap: each key has a queue, keys do not wait for each other. */
export class Turns {
  /** Per key, the end of the last work asked for. */
  readonly #last = new Map<string, Promise<void>>();

  /** Whether work for `key` runs or waits. */
  isBusy(key: string): boolean {
    return this.#last.has(key);
  }

  /** Resolves when no work runs or waits. */
  async settled(): Promise<void> {
    while (this.#last.size > 0) await Promise.all(this.#last.values());
  }

  /**
   * Runs `work` once all earlier work for `key` has ended, well or not.
   * @throws the reason of `signal` when that is aborted while waiting; whatever `work` throws
   */
  async take<T>(key: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const previous = this.#last.get(key) ?? Promise.resolve();
    const { promise: done, resolve: finish } = Promise.withResolvers<void>();
    const last = previous.then(() => done);
    this.#last.set(key, last);
    try {
      await (signal === undefined ? previous : orAborted(previous, signal));
      return await work();
    } finally {
      finish();
      if (this.#last.get(key) === last) this.#last.delete(key);
    }
  }
}

/** Work of which a limited amount runs at the same time; the rest waits in order of arrival. */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** @throws the reason of `signal` when that is aborted while waiting; whatever `work` throws */
  async take<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#enter(signal);
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  async #enter(signal: AbortSignal): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    const { promise: turn, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    try {
      await orAborted(turn, signal);
    } catch (reason) {
      const at = this.#waiting.indexOf(resolve);
      if (at >= 0) this.#waiting.splice(at, 1);
      else this.#leave();
      throw reason;
    }
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
