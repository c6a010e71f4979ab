/** The tables of the database, as the parts that own them describe them. */
import type { NoticeTables } from "../notice/tables.ts";

import type { MemoryTables } from "../memory/tables.ts";

/** Each part's tables by name: a part adds its own interface to those that this one extends. */
export interface Tables extends NoticeTables, MemoryTables {}
