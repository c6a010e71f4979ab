/** Keeps the newest entries: no more than a count, a size and an age. Pure. */

export interface RingLimits {
  readonly count: number;
  /** Of all entries together, as `sizeOf` says. */
  readonly size: number;
  /** Seconds. */
  readonly age: number;
}

/** Invariants: entries in order of `seq`, which rises; within the limits after each `add`. */
export class Ring<T extends { readonly seq: number; readonly time: number }> {
  #entries: T[] = [];
  /** Entries before this place are gone: they are cut off many at a time. */
  #start = 0;
  #size = 0;
  #nextSeq = 1;
  #evicted = 0;

  constructor(private readonly limits: RingLimits, private readonly sizeOf: (entry: T) => number) {}

  get length(): number {
    return this.#entries.length - this.#start;
  }

  /** How many made room for newer ones before their age did: the hour is not whole. */
  get evicted(): number {
    return this.#evicted;
  }

  /** @param make the entry, given its number */
  add(make: (seq: number) => T, now: number): T {
    const entry = make(this.#nextSeq++);
    this.#entries.push(entry);
    this.#size += this.sizeOf(entry);
    this.expire(now);
    while (this.length > this.limits.count || (this.#size > this.limits.size && this.length > 1)) {
      this.#shift();
      this.#evicted += 1;
    }
    return entry;
  }

  /** Gives a number to an entry that is not kept. */
  skip(): number {
    return this.#nextSeq++;
  }

  /** Drops what is too old. @param now epoch seconds */
  expire(now: number): void {
    for (;;) {
      const oldest = this.#entries[this.#start];
      if (oldest === undefined || now - oldest.time <= this.limits.age) return;
      this.#shift();
    }
  }

  /** The newest that fit, oldest first. @param before only those with a smaller `seq` */
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
      this.#start = 0;
    }
  }
}
