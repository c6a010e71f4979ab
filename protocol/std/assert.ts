/** The subset of `jsr:@std/assert` that the tests use, on top of `node:assert/strict`. */
import nodeAssert from "node:assert/strict";

// `message as string`: without one, node:assert writes its own; its types do not say that it may be missing.

/** Any class of errors, whatever its constructor takes. */
// deno-lint-ignore no-explicit-any -- `never[]` would refuse what @std takes
type ErrorClassOf<E extends Error> = abstract new (...args: any[]) => E;

/** Fails unless `condition` is truthy. */
export function assert(condition: unknown, message?: string): asserts condition {
  nodeAssert.ok(condition, message as string);
}

/** Fails unless both values are deeply, strictly equal; unlike in @std, 0 and -0 are not. */
export function assertEquals<T>(actual: T, expected: T, message?: string): void {
  nodeAssert.deepStrictEqual(actual, expected, message as string);
}

/** Fails when both values are deeply, strictly equal. */
export function assertNotEquals<T>(actual: T, expected: T, message?: string): void {
  nodeAssert.notDeepStrictEqual(actual, expected, message as string);
}

/** Fails unless `text` matches `pattern`. */
export function assertMatch(text: string, pattern: RegExp, message?: string): void {
  nodeAssert.match(text, pattern, message as string);
}

/** Fails unless `text` contains `part`. */
export function assertStringIncludes(text: string, part: string, message?: string): void {
  nodeAssert.ok(
    text.includes(part),
    message ?? `expected ${JSON.stringify(text)} to include ${JSON.stringify(part)}`,
  );
}

/** Fails unless `fn` throws; returns the thrown value. */
export function assertThrows(fn: () => unknown, message?: string): unknown;
/** Fails unless `fn` throws an error of that class whose message contains `messageIncludes`; returns the error. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: ErrorClassOf<E>,
  messageIncludes?: string,
  message?: string,
): E;
export function assertThrows(
  fn: () => unknown,
  expected?: ErrorClassOf<Error> | string,
  messageIncludes?: string,
  message?: string,
): unknown {
  let outcome: Outcome = { kind: "returned" };
  try {
    fn();
  } catch (error) {
    outcome = { kind: "threw", error };
  }
  return checkThrown(outcome, "throw", expected, messageIncludes, message);
}

/** Like `assertThrows`, for a promise; fails if the function throws before it returns one. */
export function assertRejects(fn: () => PromiseLike<unknown>, message?: string): Promise<unknown>;
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: ErrorClassOf<E>,
  messageIncludes?: string,
  message?: string,
): Promise<E>;
export async function assertRejects(
  fn: () => PromiseLike<unknown>,
  expected?: ErrorClassOf<Error> | string,
  messageIncludes?: string,
  message?: string,
): Promise<unknown> {
  let promise: PromiseLike<unknown> | undefined;
  try {
    promise = fn();
  } catch {
    // Reported below, like a function that returns no promise.
  }
  nodeAssert.ok(typeof promise?.then === "function", "expected the function to return a promise");
  let outcome: Outcome = { kind: "returned" };
  try {
    await promise;
  } catch (error) {
    outcome = { kind: "threw", error };
  }
  return checkThrown(outcome, "reject", expected, messageIncludes, message);
}

type Outcome = { readonly kind: "returned" } | { readonly kind: "threw"; readonly error: unknown };

function checkThrown(
  outcome: Outcome,
  verb: "throw" | "reject",
  expected: ErrorClassOf<Error> | string | undefined,
  messageIncludes = "",
  message = typeof expected === "string" ? expected : undefined,
): unknown {
  const words = message === undefined ? "" : `: ${message}`;
  if (outcome.kind === "returned") nodeAssert.fail(`expected the function to ${verb}${words}`);
  const { error } = outcome;
  if (typeof expected === "function") {
    nodeAssert.ok(error instanceof expected, `expected a ${expected.name}, got ${error}${words}`);
    assertStringIncludes(error.message, messageIncludes, message);
  }
  return error;
}
