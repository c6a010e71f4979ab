/** Keeps numbers over time: takes them in as they come, thins them hour by hour, and reads them for charts. */
import type { PastLine } from "../../wire.ts";
import type { Store } from "../store/store.ts";
import { Head, type OpenHour } from "./head.ts";
import { packSamples, type Sample, unpackSamples } from "./journal.ts";
import { packRaw, packSlots, type Raw, type Slot, unpackRaw, unpackSlots } from "./pack.ts";
import { SeriesBook, type SeriesName } from "./series_book.ts";
import {
  type Ages,
  DAY,
  HOUR,
  HOUR_LEVEL,
  joined,
  merged,
  MINUTE,
  MINUTE_LEVEL,
  RAW_LEVEL,
  resolutionOf,
  SLOTS,
  slotsOf,
  type Span,
  summed,
} from "./thin.ts";

/** Series of one transaction, so that nothing else waits long. */
const SLICE = 100;

/** Invariant: a number is in the journal until its hour is in the chunks. */
export class Numbers {
  readonly #head = new Head();
  #fresh: Sample[] = [];
  /** Hours on their way into the database. */
  #writing: readonly OpenHour[] = [];

  private constructor(private readonly store: Store, readonly series: SeriesBook) {}

  /** Reads what the last dashboard had not thinned yet. */
  static async open(store: Store): Promise<Numbers> {
    const numbers = new Numbers(store, await SeriesBook.open(store));
    const rows = await store.db.selectFrom("journal").select(["hour", "data"]).orderBy("id").execute();
    for (const { hour, data } of rows) {
      for (const { series, time, value } of unpackSamples(data, hour)) numbers.#head.add(series, time, value);
    }
    return numbers;
  }

  /** @param time epoch seconds */
  add(name: SeriesName, unit: string | null, time: number, value: number): void {
    const series = this.series.idOf(name, unit, time);
    if (series === undefined || !Number.isFinite(value)) return;
    if (this.#head.add(series, time, value)) this.#fresh.push({ series, time, value });
  }

  /** Hands what has come to the store's queue. */
  save(): void {
    const byHour = Map.groupBy(this.#fresh.splice(0), ({ time }) => Math.floor(time / HOUR) * HOUR);
    for (const [hour, samples] of byHour) {
      this.store.queue.insert("journal", { hour, data: packSamples(samples, hour) });
    }
  }

  /** Thins the hours that have ended, in slices. @param now epoch seconds */
  async thin(now: number): Promise<void> {
    const ended = this.#head.takeEnded(now);
    if (ended.length === 0) return;
    this.#writing = [...this.#writing, ...ended];
    for (let at = 0; at < ended.length; at += SLICE) {
      await this.#write(ended.slice(at, at + SLICE));
    }
    const last = Math.max(...ended.map(({ start }) => start));
    await this.store.db.deleteFrom("journal").where("hour", "<=", last).execute();
    this.#writing = this.#writing.filter((hour) => !ended.includes(hour));
  }

  /** The numbers of a series. */
  async read(id: number, span: Span, now: number, ages: Ages): Promise<PastLine> {
    const { level, seconds } = resolutionOf(span, now, ages);
    const recent = this.#recent(id);
    if (level === RAW_LEVEL) {
      const chunks = await this.#chunks(id, RAW_LEVEL, HOUR, span);
      const raw = [...chunks.map(({ start, data }) => unpackRaw(data, start)), recent];
      return within(raw, span);
    }
    const { chunk, seconds: slot } = SLOTS[level];
    const chunks = await this.#chunks(id, level, chunk, span);
    const kept = chunks.flatMap(({ start, data }) =>
      unpackSlots(data).map((own) => ({ ...own, at: start + own.at * slot }))
    );
    const fresh = slotsOf(recent, 0, slot).map((own) => ({ ...own, at: own.at * slot }));
    return lineOf([...kept, ...fresh], seconds, span);
  }

  #recent(id: number): Raw {
    const parts = [
      ...this.#writing.filter(({ series }) => series === id).map(({ raw }) => raw),
      this.#head.of(id),
    ];
    return { time: parts.flatMap(({ time }) => time), value: parts.flatMap(({ value }) => value) };
  }

  async #chunks(series: number, level: number, seconds: number, { from, to }: Span) {
    const first = Math.floor(from / seconds) * seconds;
    const starts = Array.from(
      { length: Math.ceil((to - first) / seconds) },
      (_, index) => first + index * seconds,
    );
    return starts.length === 0 ? [] : await this.store.db.selectFrom("chunks").select(["start", "data"])
      .where("level", "=", level).where("start", "in", starts).where("series", "=", series)
      .orderBy("start").execute();
  }

  async #write(hours: readonly OpenHour[]): Promise<void> {
    await this.store.db.transaction().execute(async (transaction) => {
      const rows = hours.flatMap(({ series, start, raw }) => [
        { level: RAW_LEVEL, start, series, data: packRaw(raw, start) },
        { level: MINUTE_LEVEL, start, series, data: packSlots(slotsOf(raw, start, MINUTE)) },
      ]);
      const put = async (
        rows: readonly { level: number; start: number; series: number; data: Uint8Array }[],
      ) => {
        await transaction.insertInto("chunks").values([...rows])
          .onConflict((conflict) =>
            conflict.columns(["level", "start", "series"])
              .doUpdateSet((is) => ({ data: is.ref("excluded.data") }))
          ).execute();
      };
      await put(rows);
      for (const [day, those] of Map.groupBy(hours, ({ start }) => Math.floor(start / DAY) * DAY)) {
        const known = new Map(
          (await transaction.selectFrom("chunks").select(["series", "data"]).where("level", "=", HOUR_LEVEL)
            .where("start", "=", day).where("series", "in", those.map(({ series }) => series)).execute())
            .map(({ series, data }) => [series, data]),
        );
        await put([...Map.groupBy(those, ({ series }) => series)].map(([series, own]) => {
          const before = known.get(series);
          const slots = own.flatMap(({ start, raw }) =>
            summed(slotsOf(raw, start, HOUR), (start - day) / HOUR) ?? []
          );
          const data = packSlots(merged(before === undefined ? [] : unpackSlots(before), slots));
          return { level: HOUR_LEVEL, start: day, series, data };
        }));
      }
    });
  }
}

function within(raws: readonly Raw[], { from, to }: Span): PastLine {
  const points = raws.flatMap(({ time, value }) =>
    time.map((at, index): [number, number] => [at, value[index] ?? NaN])
  ).filter(([at]) => at >= from && at <= to);
  return {
    time: points.map(([at]) => at),
    value: points.map(([, value]) => rounded(value)),
    min: null,
    max: null,
  };
}

/** @param slots with their times in `at` @param seconds that each point sums up */
function lineOf(slots: readonly Slot[], seconds: number, { from, to }: Span): PastLine {
  const points = new Map<number, Slot>();
  for (const slot of slots) {
    if (slot.at + seconds < from || slot.at > to) continue;
    const at = Math.floor(slot.at / seconds) * seconds;
    const known = points.get(at);
    points.set(at, known === undefined ? { ...slot, at } : joined(known, slot));
  }
  const all = [...points.values()].sort((a, b) => a.at - b.at);
  return {
    // In the middle of what it sums up.
    time: all.map(({ at }) => at + seconds / 2),
    value: all.map(({ average }) => rounded(average)),
    min: all.map(({ min }) => rounded(min)),
    max: all.map(({ max }) => rounded(max)),
  };
}

/** A 32-bit float has seven digits. */
function rounded(value: number): number {
  return Number(value.toPrecision(7));
}
