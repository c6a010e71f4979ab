/** The outbox on disk: messages for the broker survive the end of this process. Uses Deno's built-in SQLite. */
import { DatabaseSync } from "node:sqlite";
import type { OutgoingMessage } from "./link.ts";

/** A stored message. */
export interface KeptMessage {
  readonly id: number;
  readonly message: OutgoingMessage;
}

/**
 * One process at a time may use a file.
 *
 * Sync policy: write-ahead log with `synchronous = FULL`. A committed transaction is on disk; many messages
 * share one, so an outage costs few writes. While the broker is reachable, nothing is written.
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
    // Detect a damaged file now, before messages are lost.
    this.#db.prepare("SELECT count(payload) FROM outbox").get();
  }

  /** All stored messages, in the order they were added. */
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
   * Stores messages; they are on disk when the call returns.
   * @returns their ids, in the same order
   * @throws Error when the disk write fails; none of them is then stored
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

  /** Deletes messages that the broker has, or that were dropped. @throws Error when the disk write fails */
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
