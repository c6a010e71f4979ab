/** The file in which the embedded broker stores its sessions and messages. Uses Deno's built-in SQLite. */
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS retained (
    topic TEXT PRIMARY KEY, payload BLOB NOT NULL, qos INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS subscriptions (
    client TEXT NOT NULL, topic TEXT NOT NULL, qos INTEGER NOT NULL, PRIMARY KEY (client, topic)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS outgoing (
    id INTEGER PRIMARY KEY, client TEXT NOT NULL, broker TEXT NOT NULL, counter INTEGER NOT NULL,
    message INTEGER, released INTEGER NOT NULL DEFAULT 0,
    topic TEXT NOT NULL, payload BLOB NOT NULL, qos INTEGER NOT NULL, retain INTEGER NOT NULL
  );
  CREATE INDEX IF NOT EXISTS outgoing_by_client ON outgoing (client, broker, counter);
  CREATE TABLE IF NOT EXISTS incoming (
    client TEXT NOT NULL, message INTEGER NOT NULL,
    topic TEXT NOT NULL, payload BLOB NOT NULL, qos INTEGER NOT NULL, retain INTEGER NOT NULL,
    PRIMARY KEY (client, message)
  );`;

/** Every statement that writes. */
const STATEMENTS = {
  retain: "INSERT OR REPLACE INTO retained (topic, payload, qos) VALUES (?, ?, ?)",
  clear: "DELETE FROM retained WHERE topic = ?",
  subscribe: "INSERT OR REPLACE INTO subscriptions (client, topic, qos) VALUES (?, ?, ?)",
  unsubscribe: "DELETE FROM subscriptions WHERE client = ? AND topic = ?",
  endSession: "DELETE FROM subscriptions WHERE client = ?",
  enqueue:
    "INSERT INTO outgoing (client, broker, counter, topic, payload, qos, retain) VALUES (?, ?, ?, ?, ?, ?, ?)",
  /** A QoS 2 message has been assigned its id. */
  number: "UPDATE outgoing SET message = ? WHERE client = ? AND broker = ? AND counter = ?",
  /** The client has received a QoS 2 message but has not completed the exchange. */
  release: "UPDATE outgoing SET released = 1 WHERE client = ? AND message = ?",
  dequeue: "DELETE FROM outgoing WHERE client = ? AND broker = ? AND counter = ?",
  dequeueReleased: "DELETE FROM outgoing WHERE client = ? AND message = ?",
  begin:
    "INSERT OR REPLACE INTO incoming (client, message, topic, payload, qos, retain) VALUES (?, ?, ?, ?, ?, ?)",
  finish: "DELETE FROM incoming WHERE client = ? AND message = ?",
  forget: "DELETE FROM incoming WHERE client = ?",
} as const;

/** One change, by the name of its statement. */
export interface Change {
  readonly kind: keyof typeof STATEMENTS;
  readonly values: readonly SQLInputValue[];
}

export interface StoredMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: number;
  readonly retain: boolean;
}

export interface StoredOutgoing extends StoredMessage {
  readonly client: string;
  readonly broker: string;
  readonly counter: number;
  readonly message: number | undefined;
  readonly released: boolean;
}

/** What the file holds. */
export interface Stored {
  readonly retained: readonly StoredMessage[];
  /** By client. */
  readonly sessions: ReadonlyMap<string, readonly { readonly topic: string; readonly qos: number }[]>;
  /** In the order they were queued. */
  readonly outgoing: readonly StoredOutgoing[];
  readonly incoming: readonly (StoredMessage & { readonly client: string; readonly message: number })[];
}

const PAGE_BYTES = 4096;
/** The size that the write-ahead log is truncated to after a checkpoint. */
const LOG_BYTES = 4 * 1024 * 1024;

/**
 * Invariants: one process at a time uses the file; a written batch is on disk (write-ahead log with `synchronous = FULL`)
 * as a whole or not at all.
 */
export class MessageFile implements Disposable {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<Change["kind"], StatementSync>();

  /**
   * @param maxBytes the file never grows larger: writes then fail
   * @throws Error when it cannot be opened, is damaged, or another process uses it
   */
  constructor(path: string, maxBytes: number) {
    this.#db = new DatabaseSync(path);
    try {
      this.#db.exec(`
        PRAGMA locking_mode = EXCLUSIVE;
        PRAGMA page_size = ${PAGE_BYTES};
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = FULL;
        PRAGMA journal_size_limit = ${LOG_BYTES};
        PRAGMA max_page_count = ${Math.ceil(maxBytes / PAGE_BYTES)};
        ${SCHEMA}`);
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  /** @throws Error when the file is damaged */
  load(): Stored {
    const all = (sql: string) => this.#db.prepare(sql).all();
    const sessions = new Map<string, { topic: string; qos: number }[]>();
    for (const { client, topic, qos } of all("SELECT * FROM subscriptions")) {
      const list = sessions.get(String(client)) ?? [];
      list.push({ topic: String(topic), qos: Number(qos) });
      sessions.set(String(client), list);
    }
    return {
      retained: all("SELECT *, 1 AS retain FROM retained").map(messageIn),
      sessions,
      outgoing: all("SELECT * FROM outgoing ORDER BY id").map((row) => ({
        ...messageIn(row),
        client: String(row.client),
        broker: String(row.broker),
        counter: Number(row.counter),
        message: row.message === null ? undefined : Number(row.message),
        released: row.released === 1,
      })),
      incoming: all("SELECT * FROM incoming").map((row) => ({
        ...messageIn(row),
        client: String(row.client),
        message: Number(row.message),
      })),
    };
  }

  /** Writes a batch. @throws Error when the disk refuses it; nothing of it is then written */
  write(changes: readonly Change[]): void {
    this.#inTransaction(() => changes.forEach((change) => this.#run(change)));
  }

  /** Replaces the whole content. @throws as `write` */
  replace(changes: readonly Change[]): void {
    this.#inTransaction(() => {
      for (const table of ["retained", "subscriptions", "outgoing", "incoming"]) {
        this.#db.exec(`DELETE FROM ${table}`);
      }
      changes.forEach((change) => this.#run(change));
    });
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }

  #run({ kind, values }: Change): void {
    const statement = this.#statements.get(kind) ?? this.#db.prepare(STATEMENTS[kind]);
    this.#statements.set(kind, statement);
    statement.run(...values);
  }

  #inTransaction(work: () => void): void {
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      work();
      this.#db.exec("COMMIT");
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw error;
    }
  }
}

function messageIn(row: Record<string, unknown>): StoredMessage {
  return {
    topic: String(row.topic),
    // The library expects Node's Buffer.
    payload: Buffer.from(row.payload as Uint8Array),
    qos: Number(row.qos),
    retain: row.retain === 1,
  };
}
