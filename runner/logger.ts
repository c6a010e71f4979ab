/** The runner's own log, on stderr. */

export const LOG_LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface Logger {
  readonly isDebug: boolean;
  debug(message: string): void;
  info(message: string): void;
  warning(message: string): void;
  error(message: string): void;
}

/**
 * A log of lines `2026-01-31T12:00:00.000Z WARNING message`.
 * @param level the least level that is written
 * @param write takes one line, without its line feed
 */
export function createLogger(level: LogLevel, write: (line: string, level: LogLevel) => void): Logger {
  const least = LOG_LEVELS.indexOf(level);
  const logAt = (own: LogLevel) => (message: string) => {
    if (LOG_LEVELS.indexOf(own) < least) return;
    write(`${new Date().toISOString()} ${own.padEnd(7)} ${printable(message)}`, own);
  };
  return {
    isDebug: level === "DEBUG",
    debug: logAt("DEBUG"),
    info: logAt("INFO"),
    warning: logAt("WARNING"),
    error: logAt("ERROR"),
  };
}

/**
 * What others say must not move the cursor of the operator's terminal, turn the text around, or begin a line as if it
 * were the node's.
 */
function printable(message: string): string {
  // deno-lint-ignore no-control-regex -- control characters are what is taken out
  const hidden = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;
  return message.replace(hidden, "\uFFFD").replace(/[\n\u2028\u2029]/g, "\n    ");
}
