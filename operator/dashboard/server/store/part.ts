/** How a part of the dashboard adds tables of its own to the database. */
import type { ColumnBuilderCallback, ColumnDataType, Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** Column types that SQLite and PostgreSQL spell differently. */
export interface ColumnTypes {
  /** Numbers rows in the order of insertion: `.addColumn("id", types.id.type, types.id.build)`. */
  readonly id: { readonly type: ColumnDataType; readonly build: ColumnBuilderCallback };
  /** A `Uint8Array`. */
  readonly bytes: ColumnDataType;
}

/**
 * A part's tables.
 *
 * To add one: write the types of its tables (`interface NoticeTables { rules: RuleTable }`) and let `Tables` in tables.ts
 * extend them; list its migrations under names that no other part uses and that sort in the order in which they are to run
 * (`notices_1_rules`); add the part to `PARTS` in parts.ts. A migration that was released is never edited: add another one. What both databases must understand: times as `double precision` (epoch seconds), counts as `integer`,
 * booleans as `integer` 0 or 1, JSON as `text`, bytes as `types.bytes`.
 */
export interface StorePart {
  /** @returns migrations by name */
  migrations(types: ColumnTypes): Readonly<Record<string, Migration>>;
}

/** A database without its tables' types, as migrations get it. */
// deno-lint-ignore no-explicit-any -- its tables change from one migration to the next
export type Untyped = Kysely<any>;
