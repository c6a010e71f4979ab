/** When a message on each topic was last delivered. Pure. */

const MAX_TOPICS = 20_000;
const MAX_CHARS = 4 * 1024 * 1024;

/** Invariant: the memory is bounded; the oldest topics are dropped first. */
export class Delivered {
  readonly #turns = new BoundedTopics<number>();
  /** The node's own last retained message, if nobody else has published since. */
  readonly #own = new BoundedTopics<{ readonly turn: number; readonly print: string }>();

  /**
   * @param print the fingerprint of the message to deliver
   * @returns the turn in which a message on `topic` was delivered: any message over this connection, or this same
   * message by the node itself; `undefined` if unknown
   */
  turnOf(topic: string, print: string): number | undefined {
    return this.#turns.get(topic) ?? (this.#isOwn(topic, print) ? this.#own.get(topic)?.turn : undefined);
  }

  /** A message from another client. @param print its fingerprint, if the broker had retained it */
  add(topic: string, turn: number, print?: string): void {
    this.#turns.set(topic, turn);
    if (print === undefined || !this.#isOwn(topic, print)) this.#own.delete(topic);
    else this.#own.set(topic, { turn, print });
  }

  /** A message of the node itself. @param print its fingerprint, if the broker is to retain it */
  addOwn(topic: string, turn: number, print?: string): void {
    this.#turns.set(topic, turn);
    if (print !== undefined) this.#own.set(topic, { turn, print });
  }

  /** A new connection: others may have published in the meantime. */
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
