/** The tables of the database, as the parts that own them describe them. */
import type { NoticeTables } from "../notice/tables.ts";

/** Each part's tables by name: a part adds its own interface here. */
export interface Tables extends NoticeTables {}
