/** Command-line flags as rows of a table, from which both the parser and the help text are built. Pure. */

/** One row of the table. */
export interface Flag {
  readonly name: string;
  /** The placeholder of the value in `--help`; a flag without it is a switch. */
  readonly value?: string;
  /** Environment variables used when the flag is not given; the first one set wins. */
  readonly env?: readonly string[];
  readonly fallback?: string;
  /** The value of the flag without one, if it may be given so. */
  readonly bare?: string;
  /** The default in words, if it is not a fixed value. */
  readonly fallbackText?: string;
  readonly help: string;
  /** For a flag that must not be given twice: what to do instead. */
  readonly once?: string;
}

/** Why a flag that was given `count` times cannot be used; `undefined` when it can. */
export function repetitionError({ name, once }: Flag, count: number): string | undefined {
  return once === undefined || count < 2 ? undefined : `--${name} is given twice: ${once}`;
}

/** Looks up the value of a flag: from the command line, the environment, or its fallback. */
export type ReadFlag = (flag: Flag) => string | undefined;

/** The part of the environment from which flags are read. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The value of a flag in the environment; an empty variable does not count. */
export function fromEnvironment({ env = [] }: Flag, environment: Environment): string | undefined {
  return env.map((name) => environment[name]).find((set) => set !== undefined && set !== "");
}
