/** How many messages careful mode sends together: a group that breaks the connection is divided until one message is left. Pure. */

/** Into how many parts a group is divided. Each part waits for the one before it, and each division costs a connection. */
export const PARTS = 32;

/** Invariant: once a group has broken, smaller ones follow until each of its messages has passed or was put aside. */
export class Groups {
  #size = PARTS;
  /** The messages of the group that broke, without those that have passed since. */
  #suspects: Set<object> = new Set();

  /** The most messages that may be under way together; the next group waits until all of them have passed. */
  get size(): number {
    return this.#size;
  }

  /** The connection broke with these messages under way. */
  broke(messages: readonly object[]): void {
    this.#suspects = new Set(messages);
    this.#size = Math.max(Math.ceil(messages.length / PARTS), 1);
  }

  /** A message was delivered, or put aside. */
  passed(message: object): void {
    // Others go first, and prove nothing.
    if (this.#suspects.delete(message) && this.#suspects.size === 0) this.clear();
  }

  /** No message is suspected any more. */
  clear(): void {
    this.#suspects.clear();
    this.#size = PARTS;
  }
}
