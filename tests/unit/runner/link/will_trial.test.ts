import { assertEquals } from "@std/assert";
import { WillTrial } from "../../../../runner/link/will_trial.ts";

const FULL = { retain: true, qos: 1 } as const;
const UNKEPT = { retain: false, qos: 1 } as const;

Deno.test("a broker that is only starting up costs no will", () => {
  const wills = new WillTrial();
  assertEquals([wills.refused(), wills.way], [true, UNKEPT]);
  // It is there now: all is tried once more before anything is given up.
  assertEquals([wills.accepted(), wills.way], [true, FULL]);
  assertEquals([wills.accepted(), wills.way, wills.settled], [false, FULL, undefined]);
});

Deno.test("less is settled for when all was refused before and after", () => {
  const wills = new WillTrial();
  wills.refused();
  wills.accepted();
  assertEquals([wills.refused(), wills.way, wills.settled], [true, UNKEPT, UNKEPT]);
  assertEquals([wills.accepted(), wills.refused(), wills.way], [false, false, UNKEPT]);
});

Deno.test("when no will is taken, not even none, it is not the will's fault", () => {
  const wills = new WillTrial();
  const others = Array.from({ length: 5 }, () => [wills.refused(), wills.way]);
  assertEquals(others, [
    [true, UNKEPT],
    [true, { retain: true, qos: 0 }],
    [true, { retain: false, qos: 0 }],
    [true, "none"],
    [false, FULL],
  ]);
});
