/** Why a process has ended, in words for the operator. Pure. */

/** V8's last words come before a stack of addresses. */
const FATAL = /^# (Fatal .*)$/;

/**
 * @param description how it ended: "was killed by SIGTRAP"
 * @param stderrTail the last lines it wrote to stderr
 */
export function exitReason(description: string, stderrTail: string): string {
  const lines = stderrTail.split("\n").map((line) => line.trim());
  const fatal = lines.map((line) => FATAL.exec(line)?.[1]).find((words) => words !== undefined);
  const lastWords = fatal ?? lines.findLast((line) => line !== "");
  return `process ${description}${lastWords === undefined ? "" : `: ${lastWords}`}`;
}
