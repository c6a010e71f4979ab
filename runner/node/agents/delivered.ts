/** When a message on each topic was last delivered. Pure. */

const MAX_TOPICS = 20_000;
const MAX_CHARS = 4 * 1024 * 1024;

/** Invariant: the memory is bounded; the oldest topics are dropped first. */
export class Delivered {
  readonly #turns = new BoundedTopics<number>();
  /** The last message that the broker has retained, or is to retain, unless others have published since. */
  readonly #kept = new BoundedTopics<{ readonly turn: number; readonly print: string }>();

  /**
   * @param print the fingerprint of the message to deliver
   * @returns the turn in which a message on `topic` was delivered: any message over this connection, or this same
   * message earlier; `undefined` if unknown
   */
  turnOf(topic: string, print: string): number | undefined {
    const kept = this.#kept.get(topic);
    return this.#turns.get(topic) ?? (kept?.print === print ? kept.turn : undefined);
  }

  /** A message from another client. @param print its fingerprint, if the broker had retained it */
  add(topic: string, turn: number, print?: string): void {
    this.#turns.set(topic, turn);
    if (print === undefined) this.#kept.delete(topic);
    else this.#kept.set(topic, { turn, print });
  }

  /** A message of the node itself. @param print its fingerprint, if the broker is to retain it */
  addOwn(topic: string, turn: number, print?: string): void {
    this.#turns.set(topic, turn);
    if (print !== undefined) this.#kept.set(topic, { turn, print });
  }

  /** A new connection: others may have published in the meantime. */
  clear(): void {
    this.#turns.clear();
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
