import { assert, assertEquals } from "@std/assert";
import { reconnectDelayMs } from "../../../../runner/link/backoff.ts";

const delays = (outageMs: number, random: number) =>
  [1, 2, 3, 4, 5, 6, 7, 8, 9].map((failures) => reconnectDelayMs(failures, outageMs, random));

Deno.test("in the first minute of an outage the delay doubles up to half a second", () => {
  assertEquals(delays(59_999, 1), [50, 100, 200, 400, 500, 500, 500, 500, 500]);
});

Deno.test("in a longer outage the delay doubles up to five seconds", () => {
  assertEquals(delays(60_000, 1), [50, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
});

Deno.test("chance takes at most half of the delay away", () => {
  assertEquals(delays(0, 0), delays(0, 1).map((ms) => ms / 2));
  assertEquals(reconnectDelayMs(1, 0, 0.5), 37.5);
});

Deno.test("the delay is bounded after any number of failures", () => {
  for (const failures of [1000, 1e6, Number.MAX_SAFE_INTEGER]) {
    assert(reconnectDelayMs(failures, Infinity, 1) === 5000);
  }
});
