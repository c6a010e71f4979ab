/** Results of calls of Python code. */
import { parseExactly } from "../../../protocol/json.ts";
import type { Description } from "../errors.ts";

/** A Python exception, described by the Python side. */
export class PythonError extends Error {
  override name = "PythonError";
  constructor(readonly description: Description) {
    super(description.error);
  }
}

/** A Python coroutine: awaiting it runs it. */
export interface Coroutine extends PromiseLike<string> {
  destroy(): void;
}

type Outcome = { readonly value: unknown } | Description;

/**
 * Reads the result of a function of the Python side.
 * @returns the value, after a trip through JSON
 * @throws PythonError with what agent code raised
 */
export function readOutcome(json: string): unknown {
  const outcome = parseExactly(json) as Outcome;
  if ("value" in outcome) return outcome.value;
  throw new PythonError(outcome);
}

/**
 * Like `readOutcome`, for a coroutine of the Python side. Coroutines catch everything agent code raises, so a rejection
 * here means that the interpreter itself is broken and the process cannot continue.
 */
export async function outcomeOf(coroutine: Coroutine): Promise<unknown> {
  let json: string;
  try {
    json = await coroutine;
    // Otherwise it stays until both sides collect garbage.
    coroutine.destroy();
  } catch (error) {
    return await breakDown(error);
  }
  return readOutcome(json);
}

/** Ends the process with an uncaught error, which the harness reports. */
export function breakDown(error: unknown): Promise<never> {
  const reason = error instanceof Error ? error.message : String(error);
  queueMicrotask(() => {
    throw new Error(`The Python interpreter broke down: ${reason}`);
  });
  return new Promise(() => {});
}
