import { assert, assertEquals, assertMatch } from "@std/assert";
import { Outage } from "../../../../runner/link/outage.ts";

const REFUSED = { accepted: false, reason: "connection refused", isUnproved: false };
const CLOSED = { accepted: true, reason: "the broker closed the connection", isUnproved: false };

Deno.test("a broker that lets a client in and closes does not start the delays anew, and is said once", () => {
  const outage = new Outage("the-client");
  const delays: number[] = [];
  const said: (string | undefined)[] = [];
  for (let attempt = 0; attempt < 9; attempt++) {
    assertEquals(outage.connected(), false);
    const { delayMs, say } = outage.ended(CLOSED, attempt, 1);
    delays.push(delayMs);
    said.push(say);
  }
  assertEquals(delays, [50, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
  assertMatch(said[0] ?? "", /^the broker closed the connection, soon after .* client id 'the-client'/);
  assert(said.slice(1).every((line) => line === undefined));
  assertMatch(outage.ended(CLOSED, 30_000, 1).say ?? "", /soon after/);
});

Deno.test("once a connection has stood, that is said, and the next outage begins at the shortest delay", () => {
  const outage = new Outage("c");
  outage.connected();
  outage.ended(CLOSED, 0, 1);
  outage.connected();
  assertEquals(outage.stands(), true);
  const next = outage.ended(CLOSED, 100_000, 1);
  assertEquals(next, { delayMs: 50, say: "the broker closed the connection" });
  assertEquals(outage.connected(), true, "the end of an outage is said at once");
  assertEquals(outage.stands(), false);
});

Deno.test("a broker that restarts is found within half a second, and that it is there is said at once", () => {
  const outage = new Outage("c");
  outage.connected();
  outage.stands();
  const delays = Array.from({ length: 6 }, (_, attempt) => outage.ended(REFUSED, attempt, 1).delayMs);
  assertEquals(delays, [50, 100, 200, 400, 500, 500]);
  assertEquals(outage.connected(), true);
});

Deno.test("what the next attempt may disprove is not said", () => {
  const outage = new Outage("c");
  assertEquals(outage.ended({ ...REFUSED, isUnproved: true }, 0, 1).say, undefined);
  assertEquals(outage.ended(REFUSED, 1, 1).say, "connection refused");
  assertEquals(outage.ended(REFUSED, 2, 1).say, undefined);
});
