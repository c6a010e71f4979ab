/** The tables of the database, as the parts that own them describe them. */

/** Each part's tables by name: a part adds its own interface here. */
// deno-lint-ignore no-empty-interface -- parts add theirs
export interface Tables {}
