/** The runner's own log, on stderr. */
import { printable } from "../protocol/printable.ts";

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
    write(`${new Date().toISOString()} ${own.padEnd(7)} ${shown(message)}`, own);
  };
  return {
    isDebug: level === "DEBUG",
    debug: logAt("DEBUG"),
    info: logAt("INFO"),
    warning: logAt("WARNING"),
    error: logAt("ERROR"),
  };
}

/** Text from others must not control the operator's terminal, nor start a line that looks like the node's. */
function shown(message: string): string {
  return printable(message.replace(/[\u2028\u2029]/g, "\n")).replaceAll("\n", "\n    ");
}
