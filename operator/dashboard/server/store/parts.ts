/** All parts that have tables in the database. */
import { NOTICE_PART } from "../notice/tables.ts";
import type { StorePart } from "./part.ts";

export const PARTS: readonly StorePart[] = [NOTICE_PART];
