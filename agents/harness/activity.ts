/** Tracks which agent code is running. */

export class Activity {
  #running = 0;
  #onIdle: (() => void)[] = [];

  /** Runs `work` and counts it until it ends. */
  async during<T>(work: () => T | Promise<T>): Promise<T> {
    this.#running += 1;
    try {
      return await work();
    } finally {
      this.#running -= 1;
      if (this.#running === 0) this.#onIdle.splice(0).forEach((resolve) => resolve());
    }
  }

  /** Resolves once nothing is running. */
  idle(): Promise<void> {
    return this.#running === 0 ? Promise.resolve() : new Promise((resolve) => this.#onIdle.push(resolve));
  }
}
