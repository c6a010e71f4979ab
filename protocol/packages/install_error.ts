/** Why an install failed, in words for the operator. Pure. */
import { ExpectedError } from "../expected_error.ts";

const MAX_REASON_CHARS = 800;

/** Packages that could not be installed; the message says why, on few lines and without escape codes. */
export class InstallError extends ExpectedError {
  override name = "InstallError";
}

/** Summaries of Deno's error messages; the first match is put in front of the message. */
const SUMMARIES: readonly (readonly [pattern: RegExp, summary: string])[] = [
  [/memory allocation of \d+ bytes failed|out of memory/i, "memory limit"],
  [/no space left|disk quota/i, "no disk space"],
  [/integrity|checksum|tampered/i, "integrity mismatch"],
  [/permission denied|read-only file system/i, "permission denied"],
  [/certificate/i, "registry not trusted"],
  [/npm package '[^']*' does not exist|JSR package not found/i, "package not found"],
  [
    /could not find (npm package \S+ matching|dist-tag|version of)|version tag not supported/i,
    "version not found",
  ],
  [/Bad response: (?:401|403)\b|\b(?:unauthorized|forbidden)\b/i, "refused by the registry"],
  [/Bad response: \d/i, "error of the registry"],
  [/error sending request|failed to load|failed loading|timed out|connection/i, "registry not reachable"],
];

/**
 * Condenses `deno`'s stderr to one bounded reason: its last error with its causes.
 * @param status how the process ended, used if it wrote nothing
 */
export function explainFailure(
  stderr: string,
  status: { readonly code: number; readonly signal: string | null },
): string {
  const reason = lastError(withoutEscapes(stderr));
  if (reason === "") {
    return status.signal === null
      ? `deno exited with code ${status.code}`
      : `deno was ended by ${status.signal}`;
  }
  const summary = SUMMARIES.find(([pattern]) => pattern.test(reason))?.[1];
  return bounded(summary === undefined ? reason : `${summary}: ${reason}`);
}

/** The lines from the last `error:` up to a stack trace, joined; without an `error:`, the last lines. */
function lastError(text: string): string {
  const lines = text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  const start = lines.findLastIndex((line) => line.startsWith("error:"));
  const relevant = start === -1 ? lines.slice(-3) : lines.slice(start);
  const end = relevant.findIndex((line) => /^(Stack backtrace:|at )/.test(line));
  return (end === -1 ? relevant : relevant.slice(0, end))
    .filter((line) => line !== "Caused by:")
    .map((line) => line.replace(/^(error:|\d+:)\s*/, ""))
    .filter((line, index, all) => !all.slice(0, index).some((earlier) => earlier.includes(line)))
    .join("; ");
}

function withoutEscapes(text: string): string {
  // deno-lint-ignore no-control-regex -- escape codes are what must go
  return text.replaceAll(/\x1b\[[0-9;?]*[ -/]*[@-~]/g, "").replaceAll(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/g, " ");
}

function bounded(text: string): string {
  return text.length > MAX_REASON_CHARS ? `${text.slice(0, MAX_REASON_CHARS - 1)}…` : text;
}
