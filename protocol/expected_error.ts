/**
 * Expected errors: bad input, a refusal, an unreachable broker. Their message is for the operator; any other error is a
 * bug of ours.
 */

/** Machine-readable reasons why a command is refused; `docs/signing.md` lists them. */
export const REFUSAL_CODES = [
  "unsigned",
  "malformed",
  "unknown_key",
  "tampered",
  "wrong_node",
  "wrong_topic",
  "key_not_for_node",
  "key_not_for_command",
  "not_yet_valid",
  "expired",
  "window_too_long",
  "issued_before_reset",
  "replayed",
  "superseded",
  "unproved_migration",
  "unknown_node",
  "unproved_report",
  "unsealed_decision",
  "too_many",
] as const;
export type RefusalCode = (typeof REFUSAL_CODES)[number];

export type ErrorCode =
  /** A flag, a value, a field or a file cannot be used. */
  | "usage"
  /** It exceeds the size limit. */
  | "too_large"
  /** Its target does not exist. */
  | "not_found"
  /** The current state does not allow it; for example, a name is taken. */
  | "conflict"
  /** The request was refused. */
  | "refused"
  /** The broker cannot be reached, or rejects this client. */
  | "broker"
  /** Too busy at the moment. */
  | "busy"
  /** Nobody answered in time. */
  | "no_answer"
  /** It was tried and failed. */
  | "failed"
  | RefusalCode;

interface Codes {
  /** Exit code of the command line. */
  readonly exit: number;
  /** HTTP status of the answer. */
  readonly http: number;
}

const REFUSED: Codes = { exit: 1, http: 409 };

/** Exit code and HTTP status of each code. */
const CODES: Readonly<Record<Exclude<ErrorCode, RefusalCode>, Codes>> = {
  usage: { exit: 2, http: 400 },
  too_large: { exit: 2, http: 413 },
  not_found: { exit: 1, http: 404 },
  conflict: { exit: 1, http: 409 },
  refused: REFUSED,
  broker: { exit: 3, http: 503 },
  busy: { exit: 1, http: 503 },
  no_answer: { exit: 4, http: 504 },
  failed: { exit: 1, http: 409 },
};

export interface ErrorDetails {
  readonly cause?: unknown;
  /** What the operator can do, if the message does not say so. */
  readonly advice?: string;
}

/** Base class of expected errors. Add a subclass only for an error that somebody catches by name. */
export class ExpectedError extends Error {
  override name = "ExpectedError";
  readonly code: ErrorCode = "failed";
  readonly advice: string | undefined;

  /** @param message what failed and why, for the operator */
  constructor(message: string, { cause, advice }: ErrorDetails = {}) {
    super(message, cause === undefined ? {} : { cause });
    this.advice = advice;
  }
}

/** @returns exit code and HTTP status; 1 and 500 for a bug of ours */
export function codesOf(error: unknown): Codes {
  if (!(error instanceof ExpectedError)) return { exit: 1, http: 500 };
  return isRefusalCode(error.code) ? REFUSED : CODES[error.code];
}

/** What failed, and what to do. */
export function wordsOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const advice = error instanceof ExpectedError ? error.advice : undefined;
  return advice === undefined ? message : `${message}: ${advice}`;
}

function isRefusalCode(code: ErrorCode): code is RefusalCode {
  return (REFUSAL_CODES as readonly string[]).includes(code);
}
