import { assertEquals, assertMatch } from "@std/assert";
import { Caution, type Sent } from "../../../../runner/link/caution.ts";

const message = (topic: string, asked: { retain?: boolean; qos?: 0 | 1 | 2; length?: number } = {}) => ({
  topic,
  retain: asked.retain ?? false,
  qos: asked.qos ?? 1,
  payload: { length: asked.length ?? 10 },
});
const KEPT = { retain: true, qos: 1 } as const;
const PLAIN = { retain: false, qos: 1 } as const;

/** The connection breaks over one message. */
const isGivenUp = (caution: Caution, alone: Sent) => caution.groupBroke([alone], 0) === alone;

/** On with care, as after two connections that broke. */
function careful(): Caution {
  const caution = new Caution();
  caution.broke([message("any")]);
  caution.broke([message("any")]);
  return caution;
}

Deno.test("two connections in a row that break with something under way make the link careful; idle ones do not", () => {
  const caution = new Caution();
  for (const underWay of [1, 0, 1, 0, 0]) caution.broke(underWay ? [message("any")] : []);
  assertEquals([caution.isOn, caution.takesAll], [false, true]);
  caution.broke([message("any")]);
  caution.broke([message("any")]);
  assertEquals(caution.isOn, true);
});

Deno.test("a connection that breaks in silence, or one that stands, clears everything of blame", () => {
  const caution = careful();
  caution.passed(message("x"), PLAIN);
  assertEquals(isGivenUp(caution, message("x")), false);
  caution.clear();
  caution.broke([message("any")]);
  caution.broke([message("any")]);
  assertEquals(isGivenUp(caution, message("x")), false);
});

Deno.test("a message that breaks connections alone is given up, and so are those like it for a while", () => {
  const caution = careful();
  caution.passed(message("fine", { retain: true }), KEPT);
  const large = message("x", { length: 1000 });
  assertEquals([isGivenUp(caution, large), isGivenUp(caution, large)], [false, true]);
  assertEquals([caution.isOn, caution.takesAll], [true, false], "there may be more of them");
  const isBanned = (topic: string, length: number, nowMs: number) =>
    caution.isPutAside(message(topic, { length }), nowMs);
  assertEquals([isBanned("x", 1000, 1), isBanned("x", 999, 1), isBanned("y", 1000, 1)], [true, false, false]);
  assertEquals([isBanned("x", 1000, 600_000), caution.takesAll], [false, true]);
});

Deno.test("what gets through clears its topic", () => {
  const caution = careful();
  caution.passed(message("fine"), PLAIN);
  isGivenUp(caution, message("x"));
  caution.passed(message("x"), PLAIN);
  assertEquals(isGivenUp(caution, message("x")), false);
});

Deno.test("a broker that has never taken a retained message, or QoS 1, is asked for less", () => {
  const caution = careful();
  const birth = message("status", { retain: true });
  const ways = Array.from({ length: 5 }, () => {
    const way = caution.wayFor(birth);
    return [way.retain, way.qos, isGivenUp(caution, birth)];
  });
  assertEquals(ways, [
    [true, 1, false],
    [true, 1, false],
    [false, 1, false],
    [true, 0, false],
    [false, 0, true],
  ]);
});

Deno.test("what is asked for less and passes is learned for all, and said", () => {
  const caution = careful();
  const birth = message("status", { retain: true });
  for (let broken = 0; broken < 2; broken++) isGivenUp(caution, birth);
  const [lack = "", ...others] = caution.passed(birth, caution.wayFor(birth));
  assertMatch(lack, /^retained messages: /);
  assertEquals([others, caution.isOn], [[], false]);
  assertEquals(caution.wayFor(message("other", { retain: true })), { retain: false, qos: 1 });
  assertEquals(caution.takesAll, false);
});

Deno.test("what has got through once is never taken for the fault", () => {
  const caution = careful();
  caution.passed(message("status", { retain: true }), KEPT);
  const other = message("other", { retain: true, qos: 2 });
  assertEquals(isGivenUp(caution, other), false);
  assertEquals(isGivenUp(caution, other), false);
  assertEquals(caution.wayFor(other), { retain: true, qos: 1 });
  assertEquals(isGivenUp(caution, other), true);
});

Deno.test("with care a message at QoS 0 waits for an answer too", () => {
  const caution = careful();
  assertEquals(caution.wayFor(message("x", { qos: 0 })), { retain: false, qos: 1 });
  caution.clear();
  assertEquals(caution.wayFor(message("x", { qos: 0 })).qos, 0);
});
