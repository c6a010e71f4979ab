import { assertEquals } from "@std/assert";
import { budgetIsSpent, processSeverity, restartDelaySeconds } from "../../../../runner/supervisor/policy.ts";

Deno.test("the delay doubles with each restart, up to 60 s: 3, 6, 12, 24, 48, 60, 60", () => {
  assertEquals([1, 2, 3, 4, 5, 6, 7].map((count) => restartDelaySeconds(3, count)), [
    3,
    6,
    12,
    24,
    48,
    60,
    60,
  ]);
});

Deno.test("the delay is a number however often an agent has been restarted", () => {
  for (const count of [10, 1000, 1025, 2000, 1_000_000]) {
    assertEquals(restartDelaySeconds(3, count), 60);
    assertEquals(restartDelaySeconds(0, count), 0);
  }
});

Deno.test("a delay of more than 60 s is 60 s from the first restart on", () => {
  assertEquals(restartDelaySeconds(1000, 1), 60);
});

Deno.test("the budget is spent by one restart more than max_restarts", () => {
  assertEquals([4, 5, 6].map((count) => budgetIsSpent(count, 5)), [false, false, true]);
  assertEquals(budgetIsSpent(1, 0), true);
});

Deno.test("a failure of process() is critical from the third in a row", () => {
  assertEquals([1, 2, 3, 4, 5].map(processSeverity), [
    "warning",
    "warning",
    "critical",
    "critical",
    "critical",
  ]);
});
