/** What is too large is cut where the newest stays. */
import { assert, assertEquals } from "@std/assert";
import { fit } from "../../../../operator/tools/fit.ts";

Deno.test("what fits stays as it is", () => {
  const value = { lines: [1, 2, 3], total: 3 };
  assertEquals(fit(value, 1000), value);
});

Deno.test("the longest list loses its oldest entries until all fits, and the result says so", () => {
  const value = { lines: Array.from({ length: 100 }, (_, index) => `line ${index}`), few: ["a"], total: 100 };
  const { lines, few, total, truncated } = fit(value, 400) as Record<string, unknown> & { lines: string[] };
  assertEquals(lines.at(-1), "line 99");
  assertEquals([few, total], [["a"], 100]);
  assertEquals(truncated, `the last ${lines.length} of 100 lines`);
  assert(JSON.stringify({ lines, few, total, truncated }).length <= 400);
});

Deno.test("what has no lists is cut as text", () => {
  assertEquals(fit({ text: "x".repeat(100) }, 20), {
    text: `{"text":"${"x".repeat(11)}`,
    truncated: "cut at 20 characters",
  });
});
