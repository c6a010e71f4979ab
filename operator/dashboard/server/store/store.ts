/** The dashboard's database: opened, brought up to date, and written to in batches. */
import { type Dialect, Kysely, sql } from "kysely";
import { Migrator } from "kysely/migration";
import { lockFolder } from "./folder.ts";
import type { ColumnTypes, StorePart, Untyped } from "./part.ts";
import { fileIn, nameOf, type Place } from "./place.ts";
import { POSTGRES_TYPES, postgresDialect } from "./postgres.ts";
import { SQLITE_TYPES, sqliteDialect } from "./sqlite.ts";
import type { Tables } from "./tables.ts";
import { WriteQueue } from "./write_queue.ts";

export interface StoreOptions {
  readonly place: Place;
  readonly parts: readonly StorePart[];
  readonly log: (message: string) => void;
  /** How often what waits is written; 0 for never, for tests that call `flush`. */
  readonly flushMs?: number;
}

const FLUSH_MS = 1000;

/** `db` reads, and writes what must be durable at once; `queue` takes everything else. */
export class Store implements AsyncDisposable {
  readonly queue: WriteQueue<Tables>;
  #timer: ReturnType<typeof setInterval> | undefined;

  private constructor(
    readonly db: Kysely<Tables>,
    private readonly place: Place,
    private readonly lock: Disposable | undefined,
    options: StoreOptions,
  ) {
    this.queue = new WriteQueue(db, { onError: options.log });
    const flushMs = options.flushMs ?? FLUSH_MS;
    if (flushMs > 0) this.#timer = setInterval(() => void this.queue.flush(), flushMs);
  }

  /** @throws Error in the operator's words when the database cannot be opened or brought up to date */
  static async open(options: StoreOptions): Promise<Store> {
    const { place, parts } = options;
    await using opened = new AsyncDisposableStack();
    try {
      const lock = place.kind === "folder" ? opened.use(await lockFolder(place.folder)) : undefined;
      const { dialect, types } = databaseAt(options);
      const db = new Kysely<Tables>({ dialect });
      opened.defer(() => db.destroy());
      await migrate(db, types, parts);
      const store = new Store(db, place, lock, options);
      opened.move();
      return store;
    } catch (error) {
      throw new Error(`Cannot use ${nameOf(place)}: ${(error as Error).message}`, { cause: error });
    }
  }

  /** Bytes that are in use in the file; `undefined` where others measure that, as for PostgreSQL. */
  async usedBytes(): Promise<number | undefined> {
    if (this.place.kind === "server") return undefined;
    const { rows } = await sql<{ bytes: number }>`
      select (page_count - freelist_count) * page_size as bytes
      from pragma_page_count(), pragma_freelist_count(), pragma_page_size()`.execute(this.db);
    return rows[0]?.bytes;
  }

  /** What waits is written first. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.queue.flush();
    await this.db.destroy();
    this.lock?.[Symbol.dispose]();
  }
}

function databaseAt(
  { place, log }: StoreOptions,
): { readonly dialect: Dialect; readonly types: ColumnTypes } {
  switch (place.kind) {
    case "memory":
      return { dialect: sqliteDialect(":memory:"), types: SQLITE_TYPES };
    case "folder":
      return { dialect: sqliteDialect(fileIn(place.folder)), types: SQLITE_TYPES };
    case "server":
      return {
        dialect: postgresDialect(
          place.url,
          (error) => log(`A connection to the database is lost: ${error.message}`),
        ),
        types: POSTGRES_TYPES,
      };
    default:
      return place satisfies never;
  }
}

async function migrate(db: Untyped, types: ColumnTypes, parts: readonly StorePart[]): Promise<void> {
  const migrator = new Migrator({
    db,
    provider: {
      getMigrations: () => Promise.resolve(Object.assign({}, ...parts.map((part) => part.migrations(types)))),
    },
    // Each part numbers its own.
    allowUnorderedMigrations: true,
  });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
}
