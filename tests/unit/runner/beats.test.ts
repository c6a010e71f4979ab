import { assertEquals } from "@std/assert";
import { beatAfter, Beats } from "../../../runner/beats.ts";

Deno.test("a rest ends at the nearest beat, and never at one that is just going on", () => {
  const cases: [nowMs: number, ms: number, beat: number][] = [
    [1000, 250, 5],
    // A timer that was late does not make the next one later.
    [1003, 250, 5],
    [1003, 1000, 8],
    [1130, 1000, 9],
    [1000, 1, 5],
    [1249, 1, 5],
    [1000, 0, 5],
    [1000, 10_000, 44],
  ];
  for (const [nowMs, ms, beat] of cases) assertEquals(beatAfter(nowMs, ms), beat, `${nowMs} + ${ms}`);
});

Deno.test("rests that are due together end together, in one turn", async () => {
  // However busy the machine is, all three are asked for in the same moment.
  const beats = new Beats(() => 1000);
  const ended: string[] = [];
  const rest = (name: string, ms: number) => beats.rest(ms).then(() => ended.push(name));
  const rests = [rest("a", 250), rest("b", 251), rest("c", 252)];
  await rests[0];
  assertEquals(ended, ["a", "b", "c"]);
  await Promise.all(rests);
});

Deno.test("a rest that is aborted ends at once, leaves no timer, and the others go on", async () => {
  const beats = new Beats();
  const [life, gone] = [new AbortController(), AbortSignal.abort()];
  const [alone, other] = [beats.rest(3_600_000, life.signal), beats.rest(1)];
  life.abort();
  assertEquals([await alone, await beats.rest(1, gone), await other], [false, false, true]);
});
