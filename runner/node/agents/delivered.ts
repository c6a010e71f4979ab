/** When a message on each topic was last delivered. Pure. */

const MAX_TOPICS = 20_000;
const MAX_CHARS = 4 * 1024 * 1024;

/** Invariant: the memory is bounded; the oldest topics are dropped first. */
export class Delivered {
  readonly #turns = new BoundedTopics<number>();
  /** The last message of the node itself that the broker keeps, where nobody else has published since. */
  readonly #own = new BoundedTopics<{ readonly turn: number; readonly print: string }>();

  /**
   * @param print of the message that is to be delivered
   * @returns when a message on `topic` was delivered: any one over this connection, or this very one by the node itself;
   * `undefined` when that is not known
   */
  turnOf(topic: string, print: string): number | undefined {
    return this.#turns.get(topic) ?? (this.#isOwn(topic, print) ? this.#own.get(topic)?.turn : undefined);
  }

  /** A message of somebody else. @param print where it is one that the broker had kept */
  add(topic: string, turn: number, print?: string): void {
    this.#turns.set(topic, turn);
    if (print === undefined || !this.#isOwn(topic, print)) this.#own.delete(topic);
    else this.#own.set(topic, { turn, print });
  }

  /** A message of the node itself. @param print where it is one that the broker is to keep */
  addOwn(topic: string, turn: number, print?: string): void {
    this.#turns.set(topic, turn);
    if (print !== undefined) this.#own.set(topic, { turn, print });
  }

  /** A new connection: what others have published may have changed. */
  clear(): void {
    this.#turns.clear();
  }

  #isOwn(topic: string, print: string): boolean {
    return this.#own.get(topic)?.print === print;
  }
}

class BoundedTopics<T> {
  readonly #values = new Map<string, T>();
  #chars = 0;

  get(topic: string): T | undefined {
    return this.#values.get(topic);
  }

  set(topic: string, value: T): void {
    if (!this.#values.has(topic)) this.#chars += topic.length;
    this.#values.set(topic, value);
    if (this.#values.size > MAX_TOPICS || this.#chars > MAX_CHARS) this.#forgetOldest();
  }

  delete(topic: string): void {
    if (this.#values.delete(topic)) this.#chars -= topic.length;
  }

  clear(): void {
    this.#values.clear();
    this.#chars = 0;
  }

  #forgetOldest(): void {
    for (const topic of this.#values.keys()) {
      if (this.#values.size <= MAX_TOPICS && this.#chars <= MAX_CHARS) return;
      this.delete(topic);
    }
  }
}
