/** Keeps the newest entries, limited by count, size and age. Pure. */

export interface RingLimits {
  readonly count: number;
  /** Maximum size of all entries together, by `sizeOf`. */
  readonly size: number;
  /** Seconds. */
  readonly age: number;
}

/** Invariants: entries are in order of a rising `seq`; the limits hold after each `add`. */
export class Ring<T extends { readonly seq: number }> {
  #entries: T[] = [];
  /** When each entry was added, epoch seconds. The entry itself may be older, if a node remembered it. */
  #added: number[] = [];
  /** Entries before this index are gone; they are cut off in batches. */
  #start = 0;
  #size = 0;
  #lastSeq = 0;
  #evicted = 0;

  constructor(private readonly limits: RingLimits, private readonly sizeOf: (entry: T) => number) {}

  get length(): number {
    return this.#entries.length - this.#start;
  }

  /** The number of the oldest entry; Infinity when there is none. */
  get firstSeq(): number {
    return this.#entries[this.#start]?.seq ?? Infinity;
  }

  /** How many entries were dropped before they reached the maximum age: the hour is then incomplete. */
  get evicted(): number {
    return this.#evicted;
  }

  /** @param make creates the entry with the given number */
  add(make: (seq: number) => T, now: number): T {
    // In microseconds, so that numbers rise across restarts, too.
    this.#lastSeq = Math.max(this.#lastSeq + 1, Math.floor(now * 1e6));
    const entry = make(this.#lastSeq);
    this.#push(entry, now);
    return entry;
  }

  /** Takes entries of earlier times, with their numbers. Call it before the first `add`. */
  restore(entries: readonly T[], timeOf: (entry: T) => number): void {
    for (const entry of entries) {
      this.#lastSeq = Math.max(this.#lastSeq, entry.seq);
      this.#push(entry, timeOf(entry));
    }
  }

  #push(entry: T, now: number): void {
    this.#entries.push(entry);
    this.#added.push(now);
    this.#size += this.sizeOf(entry);
    this.expire(now);
    while (this.length > this.limits.count || (this.#size > this.limits.size && this.length > 1)) {
      this.#shift();
      this.#evicted += 1;
    }
  }

  /** Drops entries that are too old. @param now epoch seconds */
  expire(now: number): void {
    for (;;) {
      const addedAt = this.#added[this.#start];
      if (addedAt === undefined || now - addedAt <= this.limits.age) return;
      this.#shift();
    }
  }

  /** The newest matching entries, oldest first. @param before only entries with a smaller `seq` */
  latest(limit: number, before = Infinity, fits: (entry: T) => boolean = () => true): T[] {
    const found: T[] = [];
    for (let index = this.#entries.length - 1; index >= this.#start && found.length < limit; index--) {
      const entry = this.#entries[index];
      if (entry !== undefined && entry.seq < before && fits(entry)) found.push(entry);
    }
    return found.reverse();
  }

  #shift(): void {
    const entry = this.#entries[this.#start];
    if (entry === undefined) return;
    this.#size -= this.sizeOf(entry);
    this.#start += 1;
    if (this.#start > 1024 && this.#start * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#start);
      this.#added = this.#added.slice(this.#start);
      this.#start = 0;
    }
  }
}
