/** PostgreSQL by URL. */
import { type Dialect, PostgresDialect, type PostgresPool } from "kysely";
import type { ColumnTypes } from "./part.ts";

export const POSTGRES_TYPES: ColumnTypes = {
  id: { type: "bigint", build: (column) => column.generatedByDefaultAsIdentity().primaryKey() },
  bytes: "bytea",
};

const MAX_CONNECTIONS = 4;
const CONNECT_MS = 10_000;
/** PostgreSQL's number for the type `bigint`, which the library returns as text because it may exceed 2⁵³. */
const BIGINT = 20;

/** What this file uses of the library `pg`. */
interface Pg {
  readonly Pool: new (options: Readonly<Record<string, unknown>>) => PostgresPool & {
    on(event: "error", listener: (error: Error) => void): void;
  };
  readonly types: { getTypeParser(type: number, format?: string): (value: string) => unknown };
}

/** @param url `postgres://USER@HOST/NAME`; a password that is not in it comes from `~/.pgpass` */
export function postgresDialect(url: string, onError: (error: Error) => void): Dialect {
  return new PostgresDialect({
    pool: async () => {
      // Loaded only here: most dashboards use SQLite.
      const { Pool, types } = (await import("pg")).default as unknown as Pg;
      const getTypeParser = (type: number, format?: string) =>
        type === BIGINT && format !== "binary" ? Number : types.getTypeParser(type, format);
      const pool = new Pool({
        connectionString: url,
        max: MAX_CONNECTIONS,
        connectionTimeoutMillis: CONNECT_MS,
        application_name: "agentflow dashboard",
        types: { getTypeParser },
      });
      // A connection that is lost while idle: the pool opens another one when it is needed.
      pool.on("error", onError);
      return pool;
    },
  });
}
