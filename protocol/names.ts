/** Valid names of nodes and agents: safe in a topic, in a file name and on a command line. */

/** 1 to 64 of `A-Z a-z 0-9 . _ -`, beginning with a letter or digit. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** The rule in words, for error messages. */
export const NAME_RULE = "1 to 64 of A-Z a-z 0-9 . _ - and begin with a letter or digit";

/** Whether `name` is a valid name of a node or an agent. */
export function isName(name: unknown): name is string {
  return typeof name === "string" && NAME.test(name);
}

/** The first valid name among `values`, which are untrusted. */
export function nameIn(...values: readonly unknown[]): string | undefined {
  return values.find(isName);
}
