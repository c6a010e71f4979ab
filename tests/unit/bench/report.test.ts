import { assertEquals } from "@std/assert";
import { result, resultTable } from "../../bench/report.ts";
import { layOut } from "../../bench/table.ts";

Deno.test("a target is reached at its bound, and missed beyond it", () => {
  assertEquals(result("x", "ms", [45], { atMost: 45 }).reached, true);
  assertEquals(result("x", "ms", [45.1], { atMost: 45 }).reached, false);
  assertEquals(result("x", "1/s", [20_000], { atLeast: 20_000 }).reached, true);
  assertEquals(result("x", "1/s", [19_999], { atLeast: 20_000 }).reached, false);
});

Deno.test("a target is about the median unless said otherwise", () => {
  const samples = [1, 1, 9];
  assertEquals(result("x", "ms", samples, { atMost: 4 }).reached, true);
  assertEquals(result("x", "ms", samples, { atMost: 4 }, "p99").reached, false);
});

Deno.test("a figure without a target is neither reached nor missed", () => {
  assertEquals("reached" in result("x", "ms", [1]), false);
});

Deno.test("the table says median, range, target and whether it was reached", () => {
  const rows = resultTable([
    result("fast", "1/s", [21_000, 19_000, 23_456.7], { atLeast: 20_000 }),
    result("slow", "ms", [61.25], { atMost: 60 }),
    result("lost", "messages", [0]),
  ]).map((line) => line.split(/ {2,}/));
  assertEquals(rows.slice(2), [
    ["fast", "1/s", "21,000", "19,000 … 23,457", "3", "≥ 20,000", "yes"],
    ["slow", "ms", "61.25", "1", "≤ 60", "NO"],
    ["lost", "messages", "0", "1"],
  ]);
});

Deno.test("columns are as wide as their widest cell, figures stand to the right", () => {
  assertEquals(layOut(["a", "b", "c"], [["wide cell", "x", "1"], ["y", "zz", "1000"]]), [
    "a          b      c",
    "---------  --  ----",
    "wide cell  x      1",
    "y          zz  1000",
  ]);
});
