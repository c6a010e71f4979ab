import { assertEquals } from "@std/assert";
import { hold, outcomeOf, outcomeTable } from "../../bench/against/contest.ts";
import { readRivals, RIVALS } from "../../bench/against/rivals.ts";

const WHAT = { figure: "f", unit: "ms", rival: "r" };

Deno.test("both sides are measured in turns, each begins as often, and the first round does not count", async () => {
  const calls: string[] = [];
  const sample = (who: string, first: number) => {
    let next = first;
    return () => {
      calls.push(who);
      return Promise.resolve(next++);
    };
  };
  const outcome = await hold({ ...WHAT, rounds: 4, ours: sample("o", 100), theirs: sample("t", 200) });
  assertEquals(calls.join(""), "ottoottoot");
  assertEquals([outcome.ours.min, outcome.ours.max, outcome.theirs.min, outcome.theirs.max], [
    101,
    104,
    201,
    204,
  ]);
});

Deno.test("the ratio is that of each round, not of the medians", () => {
  const samples = [{ ours: 10, theirs: 20 }, { ours: 40, theirs: 40 }, { ours: 30, theirs: 20 }];
  const outcome = outcomeOf(WHAT, samples);
  assertEquals([outcome.ratio.min, outcome.ratio.median, outcome.ratio.max], [0.5, 1, 1.5]);
  assertEquals(
    outcomeTable([outcome]).at(-1)?.trim().split(/ {2,}/),
    ["f", "r", "ms", "30.0", "20.0", "1.00", "0.50 … 1.50", "3"],
  );
});

Deno.test("rivals are read from a list, and what is not known is named", () => {
  const count = (list: string) => {
    const found = readRivals(list);
    return "unknown" in found ? found.unknown : found.length;
  };
  assertEquals(count("nodered,deno"), RIVALS.nodered.length + RIVALS.deno.length);
  assertEquals(count("node=python3 node.py --verbose"), 1);
  for (const wrong of ["python", "toString", "node", "node=", "deno=x"]) assertEquals(count(wrong), wrong);
});
