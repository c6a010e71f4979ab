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

/** Stands for all nodes, in the topic of the question to all of them. */
export const ALL_NODES = "all";

/** What is wrong with the name of a node, as the end of a sentence; `undefined` when nothing is. */
export function nodeNameError(name: string): string | undefined {
  if (!isName(name)) return `must be ${NAME_RULE}: current value is '${name}'`;
  return name === ALL_NODES ? `must not be '${ALL_NODES}', which stands for all nodes` : undefined;
}
