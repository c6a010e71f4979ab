/** What JSON from strangers may look like. */

/** Levels of arrays and objects within each other: `JSON.stringify` overflows the stack a few thousand further down. */
export const MAX_NESTING = 500;

/** Whether `value`, as `JSON.parse` made it, nests deeper than `MAX_NESTING`. Does not recurse. */
export function nestsTooDeep(value: unknown): boolean {
  let level = [value].filter(isContainer);
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > MAX_NESTING) return true;
    const next: object[] = [];
    for (const container of level) {
      for (const inner of Object.values(container)) if (isContainer(inner)) next.push(inner);
    }
    level = next;
  }
  return false;
}

function isContainer(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
