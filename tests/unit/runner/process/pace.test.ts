import { assertEquals } from "@std/assert";
import { Pace } from "../../../../runner/process/pace.ts";

/** A pace on a clock that stands still until it is told. */
function pace() {
  let nowMs = 0;
  const said: string[] = [];
  const clock = {
    monotonicMs: () => nowMs,
    epochSeconds: () => 0,
    sleep: () => Promise.resolve(true),
    rest: () => Promise.resolve(true),
  };
  const limits = { messagesPerSecond: 100, bytesPerSecond: 10_240 };
  return {
    pace: new Pace(limits, clock, (message) => said.push(message)),
    said,
    pass: (ms: number) => nowMs += ms,
  };
}

Deno.test("who stays below both rates is never throttled", () => {
  const { pace: held, said, pass } = pace();
  for (let n = 0; n < 100; n++) {
    assertEquals(held.spend(90, 9000), 0);
    pass(1000);
  }
  assertEquals(said, []);
});

Deno.test("an agent whose large messages cost the runner too much time is throttled, and told so", () => {
  const { pace: held, said, pass } = pace();
  assertEquals(held.spend(1, 100, 200), 0);
  assertEquals(held.spend(1, 100, 100), 500);
  pass(1500);
  assertEquals(held.spend(1, 100, 0), 0);
  assertEquals(said, [
    "work limit: its large messages took the node 300 ms in 0.0 s, 200 ms a second allowed: throttled",
  ]);
});

Deno.test("what was measured and what is allowed is said: which limit it was, once a minute", () => {
  const { pace: held, said, pass } = pace();
  held.spend(80, 100);
  pass(500);
  assertEquals(held.spend(120, 100), 500);
  assertEquals(held.spend(10, 100) > 0, true);
  assertEquals(said, ["message rate limit: 200 messages in 0.5 s, 100 a second allowed: throttled"]);
  pass(61_000);
  assertEquals(held.spend(1, 20_480), 1000);
  assertEquals(said[1], "output rate limit: 20 KB in 0.0 s, 10 KB a second allowed: throttled");
});

Deno.test("who brings lines in pieces is throttled for the reads that they cost, and told so", () => {
  const { pace: held, said, pass } = pace();
  assertEquals(held.spend(0, 1, 0, 200), 0);
  assertEquals(held.spend(0, 1, 0, 100), 500);
  pass(1500);
  assertEquals(held.spend(0, 1, 0, 1), 0);
  assertEquals(said, ["unfinished lines: 300 pieces of lines in 0.0 s, 200 a second allowed: throttled"]);
});

Deno.test("each limit is told of by itself: one that was reached before hides no other", () => {
  const { pace: held, said, pass } = pace();
  held.spend(0, 1, 0, 300);
  pass(1000);
  held.spend(120, 1);
  assertEquals(said.map((message) => message.split(":")[0]), ["unfinished lines", "message rate limit"]);
});
