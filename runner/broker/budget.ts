/** Memory that clients of the broker hold together: when it is too much, the one that holds most has to go. */

export interface Holder {
  /** It has to go. */
  destroy(reason: Error): void;
}

/** Invariant: after each call, all that is held together is within the limit, or its largest holder has been told to go. */
export class Budget {
  readonly #held = new Map<Holder, number>();
  #total = 0;

  constructor(private readonly maxBytes: number) {}

  /** `holder` holds so much now; 0 when it is gone. */
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
