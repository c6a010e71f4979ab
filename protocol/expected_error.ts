/**
 * Errors that are expected: bad input, a refusal, a broker that is away. Their message is for the operator; anything
 * else that is thrown is a fault of our own.
 */

/** Why a command is not obeyed, for programs; `docs/signing.md` lists them. */
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
  /** It is larger than what is taken. */
  | "too_large"
  /** What it is about is not there. */
  | "not_found"
  /** The state of things does not allow it, such as a name that is taken. */
  | "conflict"
  /** Whoever was asked has said no. */
  | "refused"
  /** The broker cannot be reached, or does not let this client in. */
  | "broker"
  /** There is too much to do at the moment. */
  | "busy"
  /** Nobody has answered in time. */
  | "no_answer"
  /** It was tried, and went wrong. */
  | "failed"
  | RefusalCode;

interface Codes {
  /** Exit code of the command line. */
  readonly exit: number;
  /** Status of an answer over HTTP. */
  readonly http: number;
}

const REFUSED: Codes = { exit: 1, http: 409 };

/** What each code means to a shell and to a browser. */
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
  /** What the operator can do, where the message does not say it. */
  readonly advice?: string;
}

/** The one base of errors that are expected. A class of its own is for what somebody catches by name. */
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

/** @returns what a shell and a browser are told; a fault of our own is 1 and 500 */
export function codesOf(error: unknown): Codes {
  if (!(error instanceof ExpectedError)) return { exit: 1, http: 500 };
  return isRefusalCode(error.code) ? REFUSED : CODES[error.code];
}

/** What went wrong, and what to do. */
export function wordsOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const advice = error instanceof ExpectedError ? error.advice : undefined;
  return advice === undefined ? message : `${message}: ${advice}`;
}

function isRefusalCode(code: ErrorCode): code is RefusalCode {
  return (REFUSAL_CODES as readonly string[]).includes(code);
}
