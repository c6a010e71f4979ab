/** When a message on each topic was last delivered. Pure. */

const MAX_TOPICS = 20_000;
const MAX_CHARS = 4 * 1024 * 1024;

/** Invariant: the memory is bounded; the oldest topics are dropped first. */
export class Delivered {
  readonly #turns = new Map<string, number>();
  #chars = 0;

  /** @returns `undefined` when it is not known */
  turnOf(topic: string): number | undefined {
    return this.#turns.get(topic);
  }

  add(topic: string, turn: number): void {
    if (!this.#turns.has(topic)) this.#chars += topic.length;
    this.#turns.set(topic, turn);
    if (this.#turns.size > MAX_TOPICS || this.#chars > MAX_CHARS) this.#forgetOldest();
  }

  clear(): void {
    this.#turns.clear();
    this.#chars = 0;
  }

  #forgetOldest(): void {
    for (const topic of this.#turns.keys()) {
      if (this.#turns.size <= MAX_TOPICS && this.#chars <= MAX_CHARS) return;
      this.#turns.delete(topic);
      this.#chars -= topic.length;
    }
  }
}
