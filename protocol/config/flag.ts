/** What a flag of a command line is: a row of a table, from which it is read and its help is written. */

/** One row of the table. */
export interface Flag {
  readonly name: string;
  /** What the value is, in `--help`; a flag without it is a switch. */
  readonly value?: string;
  /** Environment variables that are read when the flag is not given; the first that is set counts. */
  readonly env?: readonly string[];
  readonly fallback?: string;
  /** The default in words, where it is not a fixed value. */
  readonly fallbackText?: string;
  readonly help: string;
}

/** Looks up what was given for a flag: on the command line, in the environment, else its fallback. */
export type ReadFlag = (flag: Flag) => string | undefined;

/** The environment, as far as flags are read from it. */
export type Environment = Readonly<Record<string, string | undefined>>;
