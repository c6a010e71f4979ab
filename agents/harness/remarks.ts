/**
 * Notes for an agent's author about names that a node does not call. Loaded after the agent, so that no start waits for
 * it. Pure.
 */
import { likelyMeant } from "../../protocol/spelling.ts";
import { FUNCTION_NAMES } from "./functions.ts";

/** The names in an agent's code. */
export interface Names {
  /** Everything the code defines, in any place: functions and other values. */
  readonly present: Iterable<string>;
  /** What it imports. */
  readonly imported: ReadonlySet<string>;
}

export const NONE_FOUND =
  "none of setup, process and handle_task is in the code: once it is loaded, nothing of it is called";

/** @param chosen the functions that are called */
export function remarksOn(chosen: ReadonlySet<string>, { present, imported }: Names): string[] {
  const missing = FUNCTION_NAMES.filter((name) => !chosen.has(name));
  const remarks = missing.filter((name) => imported.has(name)).map((name) =>
    `'${name}' is imported, and not called: export it, where it is the agent's own`
  );
  for (const name of new Set(present)) {
    const meant = isCalled(name) ? undefined : nearOne(name, missing);
    if (meant !== undefined) remarks.push(`'${name}' is not called: did you mean '${meant}'?`);
  }
  return chosen.size === 0 ? [NONE_FOUND, ...remarks] : remarks;
}

/** One letter away, or two where the letters are the same: `procces`, but not `progress`. */
function nearOne(name: string, missing: readonly string[]): string | undefined {
  const meant = likelyMeant(name, missing, 2);
  return meant === undefined || lettersOf(meant) === lettersOf(name) ? meant : likelyMeant(name, missing, 1);
}

function lettersOf(name: string): string {
  return [...new Set(name)].sort().join("");
}

function isCalled(name: string): boolean {
  return (FUNCTION_NAMES as readonly string[]).includes(name);
}
