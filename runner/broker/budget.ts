/** The total memory held by the broker's clients; over the limit, the client that holds most is disconnected. */

export interface Holder {
  /** Disconnects the holder. */
  destroy(reason: Error): void;
}

/** Invariant: after each call, the total is within the limit, or the largest holder has been disconnected. */
export class Budget {
  readonly #held = new Map<Holder, number>();
  #total = 0;

  constructor(private readonly maxBytes: number) {}

  /** Sets how much `holder` holds now; 0 when it is gone. */
  set(holder: Holder, bytes: number): void {
    this.#total += bytes - (this.#held.get(holder) ?? 0);
    if (bytes === 0) this.#held.delete(holder);
    else this.#held.set(holder, bytes);
    if (this.#total > this.maxBytes) this.#evict();
  }

  #evict(): void {
    let largest: Holder | undefined;
    for (const [holder, bytes] of this.#held) {
      if (largest === undefined || bytes > (this.#held.get(largest) ?? 0)) largest = holder;
    }
    if (largest === undefined) return;
    this.#total -= this.#held.get(largest) ?? 0;
    this.#held.delete(largest);
    largest.destroy(
      new Error("it holds more of the broker's memory than any other client, and there is no more"),
    );
  }
}
