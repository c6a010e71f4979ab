/** All parts that have tables in the database. */
import { MEMORY } from "../memory/tables.ts";
import { NOTICE_PART } from "../notice/tables.ts";
import type { StorePart } from "./part.ts";

export const PARTS: readonly StorePart[] = [NOTICE_PART, MEMORY];
