/** What of an agent's code runs at the moment. */

export class Activity {
  #running = 0;
  #onIdle: (() => void)[] = [];

  /** Runs `work`, and counts it until it has ended. */
  async during<T>(work: () => T | Promise<T>): Promise<T> {
    this.#running += 1;
    try {
      return await work();
    } finally {
      this.#running -= 1;
      if (this.#running === 0) this.#onIdle.splice(0).forEach((resolve) => resolve());
    }
  }

  /** Resolves once nothing runs. */
  idle(): Promise<void> {
    return this.#running === 0 ? Promise.resolve() : new Promise((resolve) => this.#onIdle.push(resolve));
  }
}
