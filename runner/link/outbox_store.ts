/** The outbox on disk: what waits for the broker survives the end of this process. SQLite, in Deno itself. */
import { DatabaseSync } from "node:sqlite";
import type { OutgoingMessage } from "./link.ts";

/** A message that was kept, oldest first. */
export interface KeptMessage {
  readonly id: number;
  readonly message: OutgoingMessage;
}

/**
 * One process at a time may use a file.
 *
 * Sync policy: write-ahead log with `synchronous = FULL`. A transaction that has been committed is on the disk; many
 * messages share one, so that an outage costs few writes. While the broker is there, nothing is written at all.
 */
export class OutboxStore implements Disposable {
  readonly #db: DatabaseSync;

  /** @throws Error when the file cannot be opened or is damaged, with the reason */
  constructor(path: string) {
    this.#db = new DatabaseSync(path);
    this.#db.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS outbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        class TEXT NOT NULL,
        topic TEXT NOT NULL,
        payload BLOB NOT NULL,
        qos INTEGER NOT NULL,
        retain INTEGER NOT NULL
      );`);
    // A damaged file says so here, and not when messages are lost.
    this.#db.prepare("SELECT count(payload) FROM outbox").get();
  }

  /** Everything that is kept, in the order it was added. */
  load(): KeptMessage[] {
    return this.#db.prepare("SELECT * FROM outbox ORDER BY id").all().map((row) => ({
      id: Number(row.id),
      message: {
        class: row.class === "control" ? "control" : "telemetry",
        topic: String(row.topic),
        payload: row.payload as Uint8Array,
        qos: Number(row.qos) as OutgoingMessage["qos"],
        retain: row.retain === 1,
      },
    }));
  }

  /**
   * Keeps messages; on disk when the call returns.
   * @returns their ids, in the same order
   * @throws Error when the disk refuses; none of them is then kept
   */
  add(messages: readonly OutgoingMessage[]): number[] {
    const insert = this.#db.prepare(
      "INSERT INTO outbox (class, topic, payload, qos, retain) VALUES (?, ?, ?, ?, ?)",
    );
    return this.#inTransaction(() =>
      messages.map(({ class: messageClass, topic, payload, qos, retain }) => {
        const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
        return Number(insert.run(messageClass, topic, bytes, qos, retain ? 1 : 0).lastInsertRowid);
      })
    );
  }

  /** Forgets messages: they are with the broker, or dropped. @throws Error when the disk refuses */
  remove(ids: readonly number[]): void {
    const remove = this.#db.prepare("DELETE FROM outbox WHERE id = ?");
    this.#inTransaction(() => ids.forEach((id) => remove.run(id)));
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }

  #inTransaction<T>(work: () => T): T {
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.#db.exec("COMMIT");
      return result;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw error;
    }
  }
}
