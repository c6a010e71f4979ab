/** What the tests use of `jsr:@std/assert`, over `node:assert/strict`. Swap in `deno.json`. */
import nodeAssert from "node:assert/strict";

// `message as string`: without one, node:assert writes its own; its types do not say that it may be missing.

/** Any class of errors, whatever its constructor takes. */
type ErrorConstructorLike = new (...args: never[]) => Error;

/** Fails unless `condition` is truthy. */
export function assert(condition: unknown, message?: string): asserts condition {
  nodeAssert.ok(condition, message as string);
}

/** Fails unless both values are deeply, strictly equal. */
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

/** Fails unless `fn` throws an error whose message contains `messageIncludes`; returns that error. */
export function assertThrows(
  fn: () => unknown,
  ErrorClass: ErrorConstructorLike = Error,
  messageIncludes = "",
): Error {
  let thrown: unknown;
  try {
    fn();
  } catch (error) {
    thrown = error;
  }
  return checkThrown(thrown, ErrorClass, messageIncludes);
}

/** As `assertThrows`, for a promise. */
export async function assertRejects(
  fn: () => Promise<unknown>,
  ErrorClass: ErrorConstructorLike = Error,
  messageIncludes = "",
): Promise<Error> {
  let thrown: unknown;
  try {
    await fn();
  } catch (error) {
    thrown = error;
  }
  return checkThrown(thrown, ErrorClass, messageIncludes);
}

function checkThrown(
  thrown: unknown,
  ErrorClass: ErrorConstructorLike,
  messageIncludes: string,
): Error {
  nodeAssert.ok(thrown instanceof ErrorClass, `expected a ${ErrorClass.name}, got ${thrown}`);
  assertStringIncludes(thrown.message, messageIncludes);
  return thrown;
}
