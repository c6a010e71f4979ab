/** Assertions for the scenarios of the self-test. */

/** @throws Error `reason` unless `condition` holds */
export function expect(condition: boolean, reason: string): asserts condition {
  if (!condition) throw new Error(reason);
}

/** @throws Error unless both are the same as JSON; `what` names them in the reason */
export function expectSame(what: string, actual: unknown, expected: unknown): void {
  const [is, shouldBe] = [JSON.stringify(actual), JSON.stringify(expected)];
  expect(is === shouldBe, `${what}: expected ${shouldBe}, got ${is}`);
}
