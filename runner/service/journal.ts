/** Gives journald the priority of each log line, if standard error is connected to it: sd-daemon(3). */
import type { LogLevel } from "../logger.ts";

const PRIORITIES: Readonly<Record<LogLevel, number>> = { DEBUG: 7, INFO: 6, WARNING: 4, ERROR: 3 };

/**
 * @param stream `$JOURNAL_STREAM`, which a child inherits even if its own output goes elsewhere
 * @param stderr device and inode of standard error; `undefined` if they are unknown
 */
export function leadsToJournal(
  stream: string | undefined,
  stderr: { readonly dev: number; readonly ino: number | null } | undefined,
): boolean {
  return stderr !== undefined && stream === `${stderr.dev}:${stderr.ino}`;
}

/** The line with its priority, so that `journalctl -p warning` finds it. */
export function journalLine(line: string, level: LogLevel): string {
  return line.split("\n").map((part) => `<${PRIORITIES[level]}>${part}`).join("\n");
}
