/** How growth is summed up. */
import { assert, assertThrows } from "@std/assert";
import { lineThrough } from "../../bench/growth/slope.ts";

const assertNear = (value: number, expected: number) =>
  assert(Math.abs(value - expected) < 1e-9, String(value));

Deno.test("points on a line give that line, and fit it whole", () => {
  const { base, slope, fit } = lineThrough([1, 10, 50].map((count) => ({ count, cost: 30 + 2 * count })));
  assertNear(base, 30);
  assertNear(slope, 2);
  assertNear(fit, 1);
});

Deno.test("growth that is not linear fits a line less", () => {
  const { fit } = lineThrough([1, 10, 50, 200].map((count) => ({ count, cost: count ** 3 })));
  assert(fit < 0.99, String(fit));
});

Deno.test("what costs the same at any count fits a line without slope", () => {
  const { slope, fit } = lineThrough([{ count: 1, cost: 7 }, { count: 9, cost: 7 }]);
  assertNear(slope, 0);
  assertNear(fit, 1);
});

Deno.test("one count has no slope", () => {
  assertThrows(() => lineThrough([{ count: 3, cost: 1 }, { count: 3, cost: 2 }]), RangeError);
});
