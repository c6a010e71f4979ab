/** The exit codes of the command line. */

export const EXIT = {
  ok: 0,
  /** The request was refused or failed, or its target does not exist. */
  failed: 1,
  /** Unusable flag, value or file. */
  usage: 2,
  /** The broker cannot be reached, or refuses access. */
  broker: 3,
  /** No answer in time. */
  noAnswer: 4,
  /** Done, except for changes pending on nodes that are off or have not finished. */
  pending: 5,
  /** Ctrl-C: 128 + SIGINT, as in shells. */
  interrupted: 130,
} as const;

/** For `--help`. */
export const EXIT_HELP =
  "Exit code: 0 done; 1 refused, failed or not there; 2 bad flag, value or file; 3 no broker, or no access to it;\n" +
  "4 no answer in time; 5 some of it waits for nodes; 130 interrupted.";
