/** The numbers of the hour that is not over yet, of all series. Pure. */
import type { Raw } from "./pack.ts";
import { HOUR } from "./thin.ts";

const FIRST_CAPACITY = 16;
/** Values of one series in an hour: one a second. */
const MAX_VALUES = 3600;

/** The numbers of one series in one hour. */
export interface OpenHour {
  readonly series: number;
  /** When it begins, epoch seconds. */
  readonly start: number;
  readonly raw: Raw;
}

/** Invariants: times rise; at most `MAX_VALUES` in an hour; memory grows as it fills. */
class Column {
  #time = new Float32Array(FIRST_CAPACITY);
  #value = new Float32Array(FIRST_CAPACITY);
  #length = 0;

  constructor(readonly start: number) {}

  add(time: number, value: number): boolean {
    const at = Math.fround(time - this.start);
    if (this.#length === MAX_VALUES || at < (this.#time[this.#length - 1] ?? 0)) return false;
    if (this.#length === this.#time.length) this.#grow();
    this.#time[this.#length] = at;
    this.#value[this.#length] = value;
    this.#length += 1;
    return true;
  }

  raw(): Raw {
    return {
      time: Array.from(this.#time.subarray(0, this.#length), (at) => this.start + at),
      value: Array.from(this.#value.subarray(0, this.#length)),
    };
  }

  #grow(): void {
    const [time, value] = [this.#time, this.#value];
    const size = Math.min(time.length * 2, MAX_VALUES);
    this.#time = new Float32Array(size);
    this.#value = new Float32Array(size);
    this.#time.set(time);
    this.#value.set(value);
  }
}

/** Invariant: one hour of each series is open; an hour that has been taken is not opened again. */
export class Head {
  readonly #columns = new Map<number, Column>();
  readonly #closed: OpenHour[] = [];

  /** @returns whether it is kept: not when the clock was set back @param time epoch seconds */
  add(series: number, time: number, value: number): boolean {
    const start = Math.floor(time / HOUR) * HOUR;
    let column = this.#columns.get(series);
    if (column !== undefined && start < column.start) return false;
    if (column === undefined || start > column.start) {
      if (column !== undefined) this.#close(series, column);
      column = new Column(start);
      this.#columns.set(series, column);
    }
    return column.add(time, value);
  }

  /** The numbers of a series that are in no chunk yet. */
  of(series: number): Raw {
    const hours = this.#closed.filter((hour) => hour.series === series).map(({ raw }) => raw);
    const open = this.#columns.get(series)?.raw();
    const all = open === undefined ? hours : [...hours, open];
    return { time: all.flatMap(({ time }) => time), value: all.flatMap(({ value }) => value) };
  }

  /** Takes the hours that ended before `now`. */
  takeEnded(now: number): OpenHour[] {
    for (const [series, column] of this.#columns) {
      if (column.start + HOUR > now) continue;
      this.#close(series, column);
      this.#columns.delete(series);
    }
    return this.#closed.splice(0);
  }

  #close(series: number, column: Column): void {
    this.#closed.push({ series, start: column.start, raw: column.raw() });
  }
}
