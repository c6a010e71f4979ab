/** Numbers the series, so that a value costs a few bytes. */
import type { Store } from "../store/store.ts";

/** What a series is about. */
export interface SeriesName {
  /** `actor_id` of an agent, or name of a node; empty for what is published on a topic. */
  readonly owner: string;
  /** Empty for what is reported about the owner. */
  readonly topic: string;
  readonly field: string;
}

export interface Series extends SeriesName {
  readonly id: number;
  readonly unit: string | null;
}

/** More than a fleet of 2,000 agents has; any client can invent topics. */
const MAX_SERIES = 20_000;

/** Invariants: a name has one number, for good; at most `MAX_SERIES`. */
export class SeriesBook {
  readonly #byName = new Map<string, Series>();
  readonly #byGroup = new Map<string, Series[]>();
  #next = 1;

  private constructor(private readonly store: Store) {}

  static async open(store: Store): Promise<SeriesBook> {
    const book = new SeriesBook(store);
    for (const row of await store.db.selectFrom("series").selectAll().execute()) {
      book.#add(row);
      book.#next = Math.max(book.#next, row.id + 1);
    }
    return book;
  }

  get size(): number {
    return this.#byName.size;
  }

  /** @returns `undefined` when there are too many @param now epoch seconds */
  idOf(name: SeriesName, unit: string | null, now: number): number | undefined {
    const known = this.#byName.get(keyOf(name));
    if (known !== undefined) {
      if (unit !== null && unit !== known.unit) this.#setUnit(known, unit);
      return known.id;
    }
    if (this.#byName.size >= MAX_SERIES) return undefined;
    const { owner, topic, field } = name;
    const series: Series = { id: this.#next++, owner, topic, field, unit };
    this.#add(series);
    this.store.queue.insert("series", { ...series, time: now });
    return series.id;
  }

  /** All series of an owner, or of a topic. */
  of(group: Pick<SeriesName, "owner" | "topic">): readonly Series[] {
    return this.#byGroup.get(groupOf(group)) ?? [];
  }

  /** Forgets series whose numbers are all gone. */
  forget(ids: ReadonlySet<number>): void {
    for (const [key, series] of this.#byName) {
      if (!ids.has(series.id)) continue;
      this.#byName.delete(key);
      const group = this.#byGroup.get(groupOf(series))?.filter(({ id }) => id !== series.id) ?? [];
      if (group.length === 0) this.#byGroup.delete(groupOf(series));
      else this.#byGroup.set(groupOf(series), group);
    }
    const gone = [...ids];
    if (gone.length === 0) return;
    this.store.queue.run(async (transaction) => {
      for (let at = 0; at < gone.length; at += 500) {
        await transaction.deleteFrom("series").where("id", "in", gone.slice(at, at + 500)).execute();
      }
    });
  }

  #add(series: Series): void {
    this.#byName.set(keyOf(series), series);
    const group = this.#byGroup.get(groupOf(series));
    if (group === undefined) this.#byGroup.set(groupOf(series), [series]);
    else group.push(series);
  }

  #setUnit(series: Series, unit: string): void {
    const named = { ...series, unit };
    this.#byName.set(keyOf(series), named);
    const group = this.#byGroup.get(groupOf(series)) ?? [];
    this.#byGroup.set(groupOf(series), group.map((other) => other.id === series.id ? named : other));
    this.store.queue.run(async (transaction) => {
      await transaction.updateTable("series").set({ unit }).where("id", "=", series.id).execute();
    });
  }
}

function groupOf({ owner, topic }: Pick<SeriesName, "owner" | "topic">): string {
  return `${owner}\n${topic}`;
}

function keyOf(name: SeriesName): string {
  return `${groupOf(name)}\n${name.field}`;
}
