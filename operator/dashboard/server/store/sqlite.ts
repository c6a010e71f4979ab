/** SQLite by Deno's own `node:sqlite`: one file, and beside it the journal of what is not yet in it. */
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { type Dialect, type SqliteDatabase, SqliteDialect } from "kysely";
import type { ColumnTypes } from "./part.ts";

export const SQLITE_TYPES: ColumnTypes = {
  id: { type: "integer", build: (column) => column.primaryKey().autoIncrement() },
  bytes: "blob",
};

/** Pages of 4 KiB in the cache: 8 MB. */
const CACHE_PAGES = 2000;
/** How long to wait for another program that writes, such as a backup, milliseconds. */
const BUSY_MS = 5000;

/** @param path of the file, which is made where it is missing; `:memory:` for none @throws Error when it cannot be used */
export function sqliteDialect(path: string): Dialect {
  const database = new DatabaseSync(path);
  try {
    // Before the first table: freed pages can then be given back to the file system.
    database.exec("pragma auto_vacuum = incremental");
    // With a write-ahead log and a sync at each commit, a power cut loses only what was not committed.
    database.exec("pragma journal_mode = wal; pragma synchronous = full");
    database.exec(`pragma busy_timeout = ${BUSY_MS}; pragma cache_size = ${CACHE_PAGES}`);
    database.exec("pragma foreign_keys = on");
  } catch (error) {
    database.close();
    throw error;
  }
  return new SqliteDialect({ database: adapted(database) });
}

/** What kysely asks of a SQLite library. */
function adapted(database: DatabaseSync): SqliteDatabase {
  return {
    close: () => database.close(),
    prepare: (sql) => {
      const statement = database.prepare(sql);
      return {
        reader: statement.columns().length > 0,
        // As plain objects, as PostgreSQL's rows are.
        all: (values) => statement.all(...values as SQLInputValue[]).map((row) => ({ ...row })),
        run: (values) => statement.run(...values as SQLInputValue[]),
        iterate: (values) => statement.iterate(...values as SQLInputValue[]),
      };
    },
  };
}
