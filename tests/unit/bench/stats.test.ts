import { assertEquals, assertThrows } from "@std/assert";
import { percentile, summarize } from "../../bench/stats.ts";

Deno.test("a percentile is a sample that was measured, whatever the order", () => {
  assertEquals(percentile([5, 1, 4, 2, 3], 50), 3);
  assertEquals(percentile([4, 1, 3, 2], 50), 2);
  assertEquals(percentile([7], 99), 7);
});

Deno.test("the 99th percentile leaves out the worst of a hundred, and none of fewer", () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
  assertEquals(percentile(hundred, 99), 99);
  assertEquals(percentile(hundred.slice(1), 99), 100);
});

Deno.test("a summary leaves the samples as they were", () => {
  const samples = [3, 1, 2];
  assertEquals(summarize(samples), { count: 3, median: 2, p99: 3, min: 1, max: 3 });
  assertEquals(samples, [3, 1, 2]);
});

Deno.test("no samples is an error, never a figure", () => {
  assertThrows(() => summarize([]), RangeError, "No samples");
});
