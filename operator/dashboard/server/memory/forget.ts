/** Drops what is too old, or too much. */
import { sql } from "kysely";
import type { Store } from "../store/store.ts";
import { type Ages, agesOf, HOUR_LEVEL, MINUTE_LEVEL, nextScale, RAW_LEVEL } from "./thin.ts";

export interface Bounds {
  /** Nothing is kept longer. */
  readonly days: number;
  /** Of the file; PostgreSQL is bounded by age alone. */
  readonly bytes: number;
}

/** Rows that are deleted at once, so that nothing else waits long. */
const SLICE = 5000;
/** Pages that are given back to the file system at once. */
const PAGES = 500;

/** Invariant: each round deletes a bounded number of rows; what is left over is for the next. */
export class Forgetting {
  #scale = 1;

  constructor(private readonly store: Store, private readonly bounds: Bounds) {}

  /** How long things are kept now. */
  get ages(): Ages {
    return agesOf(this.bounds.days, this.#scale);
  }

  /** @param now epoch seconds */
  async round(now: number): Promise<void> {
    const bytes = await this.store.usedBytes();
    if (bytes !== undefined) this.#scale = nextScale(this.#scale, bytes, this.bounds.bytes);
    const { raw, minutes, hours, entries } = this.ages;
    await this.#dropChunks(RAW_LEVEL, now - raw);
    await this.#dropChunks(MINUTE_LEVEL, now - minutes);
    await this.#dropChunks(HOUR_LEVEL, now - hours);
    const { db } = this.store;
    const old = now - entries;
    for (const table of ["entries", "audit"] as const) {
      // The boundary is the time of the row that is the last of a slice.
      const last = await db.selectFrom(table).select("time").where("time", "<", old).orderBy("time").offset(
        SLICE,
      )
        .limit(1).executeTakeFirst();
      await db.deleteFrom(table).where("time", "<", last?.time ?? old).execute();
    }
    await db.deleteFrom("last_seen").where("time", "<", old).execute();
    if (bytes !== undefined) await sql`pragma incremental_vacuum(${sql.lit(PAGES)})`.execute(db);
  }

  async #dropChunks(level: number, before: number): Promise<void> {
    const { db } = this.store;
    const first = await db.selectFrom("chunks").select(({ fn }) => fn.min("start").as("start"))
      .where("level", "=", level).where("start", "<", Math.floor(before)).executeTakeFirst();
    if (first === undefined || first.start === null) return;
    // One beginning at a time: as many rows as there are series.
    await db.deleteFrom("chunks").where("level", "=", level).where("start", "=", first.start).execute();
  }
}
