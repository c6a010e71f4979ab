import { assertEquals } from "@std/assert";
import { Coalesced } from "../../../runner/coalesced.ts";
import { FakeClock } from "../../support/fake_clock.ts";

Deno.test("who asks seldom is answered at once; of a flood all share a few answers, made after they asked", async () => {
  const clock = new FakeClock();
  let made = 0;
  const work = new Coalesced(clock, () => ++made);
  for (let n = 1; n <= 20; n++) assertEquals(work.ask(), n);
  const asked = Array.from({ length: 1000 }, () => work.ask());
  assertEquals(made, 20);
  await clock.advance(50);
  assertEquals(new Set(await Promise.all(asked)), new Set([21]));
  const later = work.ask();
  await clock.advance(50);
  assertEquals(await later, 22);
  await clock.advance(1000);
  assertEquals(work.ask(), 23);
});
