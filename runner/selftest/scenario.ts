/** The words of the self-test: what a scenario is, and what it does when an agent behaves otherwise. */
import type { Stage } from "./stage.ts";

/** One law that an agent's life must obey on this machine. */
export interface Scenario {
  /** As the law reads in the report. */
  readonly name: string;
  /** @throws Error with the reason, for the operator, when the law is broken */
  readonly run: (stage: Stage) => Promise<void>;
}

/** @throws Error `reason` unless `condition` holds */
export function expect(condition: boolean, reason: string): asserts condition {
  if (!condition) throw new Error(reason);
}

/** @throws Error unless both are the same as JSON; `what` names them in the reason */
export function expectSame(what: string, actual: unknown, expected: unknown): void {
  const [is, shouldBe] = [JSON.stringify(actual), JSON.stringify(expected)];
  expect(is === shouldBe, `${what}: expected ${shouldBe}, got ${is}`);
}
