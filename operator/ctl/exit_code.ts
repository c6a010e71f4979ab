/** The exit codes of the command line, and which failure has which. */

export const EXIT = {
  ok: 0,
  /** What was asked for was refused, has failed, or is not there. */
  failed: 1,
  /** A flag, a value or a file cannot be used. */
  usage: 2,
  /** The broker cannot be reached, or does not let this client in. */
  broker: 3,
  /** Nobody has answered in time. */
  noAnswer: 4,
  /** Ctrl-C, as shells have it. */
  interrupted: 130,
} as const;

/** For `--help`. */
export const EXIT_HELP =
  "Exit code: 0 done; 1 refused, failed or not there; 2 bad flag, value or file; 3 no broker, or no access to it;\n" +
  "4 no answer in time; 130 interrupted.";
