import { assertEquals, assertRejects } from "@std/assert";
import { inTurns } from "../../../../operator/rollout/in_turns.ts";

Deno.test("so many are under way at a time, and the results come in the order asked for", async () => {
  let [now, most] = [0, 0];
  const results = await inTurns([3, 1, 2, 0], 2, async (number) => {
    most = Math.max(most, ++now);
    for (let turn = 0; turn < number; turn++) await Promise.resolve();
    now--;
    return number * 10;
  });
  assertEquals([results, most], [[30, 10, 20, 0], 2]);
  assertEquals(await inTurns([], 2, () => Promise.reject(new Error("none"))), []);
});

Deno.test("after an error nothing else begins", async () => {
  const begun: number[] = [];
  const work = (number: number) => {
    begun.push(number);
    return number === 1 ? Promise.reject(new Error("no")) : Promise.resolve();
  };
  await assertRejects(() => inTurns([0, 1, 2, 3], 1, work), Error, "no");
  assertEquals(begun, [0, 1]);
});
