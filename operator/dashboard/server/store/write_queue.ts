/** Collects writes and carries them out in one transaction every second, so that nobody waits for the disk. */
import type { Insertable, Kysely, Transaction } from "kysely";

/** Further writes push the oldest out: the database is away. */
const MAX_WAITING = 50_000;
/** Rows of one statement: within SQLite's 32,766 parameters. */
const MAX_ROWS = 500;
const MAX_TRIES = 3;

export type Work<T> = (transaction: Transaction<T>) => Promise<void>;

type Entry<T> =
  | { readonly kind: "row"; readonly table: keyof T & string; readonly row: unknown }
  | { readonly kind: "work"; readonly work: Work<T> };

export interface WriteQueueOptions {
  /** Told once for each outage, not for each failure. */
  readonly onError: (message: string) => void;
}

/** Invariants: one transaction at a time; writes take effect in their order, all of a batch or none of it. */
export class WriteQueue<T> {
  #waiting: Entry<T>[] = [];
  #flushing: Promise<void> | undefined;
  #tries = 0;
  #isFailing = false;
  #lost = 0;

  constructor(private readonly db: Kysely<T>, private readonly options: WriteQueueOptions) {}

  /** How many writes were given up. */
  get lost(): number {
    return this.#lost;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  insert<Table extends keyof T & string>(table: Table, row: Insertable<T[Table]>): void {
    this.#push({ kind: "row", table, row });
  }

  /** @param work is carried out again if its transaction fails, so it must have no effect elsewhere */
  run(work: Work<T>): void {
    this.#push({ kind: "work", work });
  }

  /** Writes what waits. Never throws: what fails is tried again with the next batch, and given up if it alone is at fault. */
  async flush(): Promise<void> {
    await this.#flushing;
    this.#flushing ??= this.#write().finally(() => this.#flushing = undefined);
    await this.#flushing;
  }

  #push(entry: Entry<T>): void {
    this.#waiting.push(entry);
    if (this.#waiting.length <= MAX_WAITING) return;
    const excess = Math.ceil(MAX_WAITING / 10);
    this.#waiting.splice(0, excess);
    this.#lost += excess;
  }

  async #write(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const batch = this.#waiting;
    this.#waiting = [];
    try {
      await this.db.transaction().execute((transaction) => carryOut(batch, transaction));
      this.#tries = 0;
      if (this.#isFailing) this.options.onError("The database takes writes again");
      this.#isFailing = false;
    } catch (error) {
      await this.#failed(batch, error as Error);
    }
  }

  async #failed(batch: Entry<T>[], error: Error): Promise<void> {
    this.#tries += 1;
    const isGivenUp = this.#tries >= MAX_TRIES && await this.#isThere();
    if (!this.#isFailing || isGivenUp) {
      const outcome = isGivenUp ? `${batch.length} writes are given up` : "they are tried again";
      this.options.onError(
        `The database does not take ${batch.length} writes, and ${outcome}: ${error.message}`,
      );
    }
    this.#isFailing = true;
    if (isGivenUp) {
      this.#lost += batch.length;
      this.#tries = 0;
    } else {
      const later = this.#waiting;
      this.#waiting = [];
      for (const entry of [...batch, ...later]) this.#push(entry);
    }
  }

  /** Whether the database answers at all: the fault is then in what was to be written. */
  async #isThere(): Promise<boolean> {
    try {
      await this.db.selectNoFrom((is) => is.lit(1).as("one")).execute();
      return true;
    } catch {
      // Away: keep the batch.
      return false;
    }
  }
}

async function carryOut<T>(batch: readonly Entry<T>[], transaction: Transaction<T>): Promise<void> {
  for (let at = 0; at < batch.length;) {
    const first = batch[at];
    if (first === undefined) return;
    if (first.kind === "work") {
      await first.work(transaction);
      at += 1;
      continue;
    }
    const rows: unknown[] = [];
    for (; at < batch.length && rows.length < MAX_ROWS; at++) {
      const next = batch[at];
      if (next?.kind !== "row" || next.table !== first.table) break;
      rows.push(next.row);
    }
    await transaction.insertInto(first.table).values(rows as Insertable<T[keyof T & string]>[]).execute();
  }
}
