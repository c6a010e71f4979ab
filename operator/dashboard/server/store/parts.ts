/** All parts that have tables in the database. */
import type { StorePart } from "./part.ts";

export const PARTS: readonly StorePart[] = [];
