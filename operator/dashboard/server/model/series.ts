/** Numbers over time, bounded by age and count. Pure. */

const INITIAL_CAPACITY = 16;

/** Invariants: times rise; at most `capacity` samples, none older than `age`. Memory grows as it fills. */
export class Series {
  #time = new Float64Array(INITIAL_CAPACITY);
  #values: readonly Float32Array[];
  #start = 0;
  #length = 0;

  /**
   * @param width numbers per sample
   * @param age seconds
   */
  constructor(
    private readonly width: number,
    private readonly capacity: number,
    private readonly age: number,
  ) {
    this.#values = columns(width, INITIAL_CAPACITY);
  }

  get length(): number {
    return this.#length;
  }

  /** The time of the newest sample; -Infinity when there is none. */
  get lastTime(): number {
    return this.#length === 0 ? -Infinity : this.#time[this.#place(this.#length - 1)] ?? -Infinity;
  }

  /** @param sample `undefined` for values unknown at that time */
  add(time: number, sample: readonly (number | undefined)[]): void {
    this.expire(time);
    if (this.#length === this.capacity) this.#drop();
    else if (this.#length === this.#time.length) this.#grow();
    const place = this.#place(this.#length);
    this.#time[place] = time;
    for (let column = 0; column < this.width; column++) {
      const values = this.#values[column];
      if (values !== undefined) values[place] = sample[column] ?? NaN;
    }
    this.#length += 1;
  }

  /** Drops samples that are too old. */
  expire(now: number): void {
    while (this.#length > 0 && now - (this.#time[this.#start] ?? now) > this.age) this.#drop();
  }

  times(): number[] {
    return this.#read(this.#time, this.#length, (time) => time);
  }

  /** The newest `count` values of a column, oldest first; `null` for unknown ones. */
  column(index: number, count: number = this.#length): (number | null)[] {
    const values = this.#values[index];
    return values === undefined
      ? []
      : this.#read(values, Math.min(count, this.#length), (value) =>
        Number.isNaN(value) ? null : rounded(value));
  }

  #read<T>(from: Float64Array | Float32Array, count: number, map: (value: number) => T): T[] {
    const first = this.#length - count;
    return Array.from({ length: count }, (_, index) => map(from[this.#place(first + index)] ?? NaN));
  }

  #place(index: number): number {
    return (this.#start + index) % this.#time.length;
  }

  #drop(): void {
    this.#start = (this.#start + 1) % this.#time.length;
    this.#length -= 1;
  }

  #grow(): void {
    const size = Math.min(this.#time.length * 2, this.capacity);
    const order = Array.from({ length: this.#length }, (_, index) => this.#place(index));
    const time = new Float64Array(size);
    time.set(order.map((place) => this.#time[place] ?? NaN));
    const values = columns(this.width, size);
    values.forEach((column, index) => column.set(order.map((place) => this.#values[index]?.[place] ?? NaN)));
    this.#time = time;
    this.#values = values;
    this.#start = 0;
  }
}

function columns(width: number, size: number): Float32Array[] {
  return Array.from({ length: width }, () => new Float32Array(size));
}

/** A 32-bit float has seven digits: 20.9, not 20.899999618530273. */
function rounded(value: number): number {
  return Number(value.toPrecision(7));
}
