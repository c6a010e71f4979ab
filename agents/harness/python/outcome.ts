/** What came of a call of Python code. */
import { parseExactly } from "../../../protocol/json.ts";
import type { Description } from "../errors.ts";

/** An exception of Python code, described on that side. */
export class PythonError extends Error {
  override name = "PythonError";
  constructor(readonly description: Description) {
    super(description.error);
  }
}

/** A coroutine of the Python side: awaiting it runs it. */
export interface Coroutine extends PromiseLike<string> {
  destroy(): void;
}

type Outcome = { readonly value: unknown } | Description;

/**
 * Reads what a function of the Python side has returned.
 * @returns the value, as JSON carries it
 * @throws PythonError with what agent code has raised
 */
export function readOutcome(json: string): unknown {
  const outcome = parseExactly(json) as Outcome;
  if ("value" in outcome) return outcome.value;
  throw new PythonError(outcome);
}

/**
 * As `readOutcome`, for a coroutine of the Python side. These catch whatever agent code raises: what rejects here is the
 * interpreter itself, and with a broken one nothing can go on.
 */
export async function outcomeOf(coroutine: Coroutine): Promise<unknown> {
  let json: string;
  try {
    json = await coroutine;
    // Or it stays until the garbage of both sides is collected.
    coroutine.destroy();
  } catch (error) {
    return await breakDown(error);
  }
  return readOutcome(json);
}

/** Ends the process by an error that nobody catches, which the harness reports. */
export function breakDown(error: unknown): Promise<never> {
  const reason = error instanceof Error ? error.message : String(error);
  queueMicrotask(() => {
    throw new Error(`The Python interpreter broke down: ${reason}`);
  });
  return new Promise(() => {});
}
