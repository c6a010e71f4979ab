/** Which messages from the broker are copies of the node's own: laws, and every short history. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { Echoes, fingerprint } from "../../../../../runner/node/agents/echoes.ts";

const message = (payload: string | Uint8Array, topic = "t", retain = false) => ({ topic, payload, retain });
const BYTES = new TextEncoder();

/** One connection that is up. */
function connected(): Echoes {
  const echoes = new Echoes();
  echoes.up();
  return echoes;
}

Deno.test("a copy has the fingerprint of the message, and nothing else has", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), fc.string(), (text, topic) => {
    assertEquals(fingerprint(message(text, topic)), fingerprint(message(BYTES.encode(text), topic)));
  }));
  const same = [
    ...["", "a", "b", "a\0", "ä", "x".repeat(256), "x".repeat(257), "x".repeat(256) + "y"].map((text) =>
      message(text)
    ),
    message("a", "u"),
    message(Uint8Array.of(0xff)),
    message("\u00ff"),
  ].map(fingerprint);
  assertEquals(new Set(same).size, same.length);
  assertNotEquals(fingerprint(message("a\0b", "t")), fingerprint(message("b", "t\0a")));
});

Deno.test("each message of the node's own is taken for a copy once, whether acknowledged before or after it", () => {
  const echoes = connected();
  const [one, two] = [message("x"), message("x")];
  echoes.sent(one, 1);
  echoes.sent(two, 1);
  echoes.acknowledged(one, 0);
  assertEquals([1, 2, 3].map(() => echoes.heard(message(BYTES.encode("x")), 0)), [true, true, false]);
  echoes.acknowledged(two, 0);
  assert(echoes.isEmpty);
});

Deno.test("what others publish is no copy, not even the same bytes before the own message is sent", () => {
  const echoes = connected();
  assertEquals(echoes.heard(message("x"), 0), false);
  echoes.sent(message("x"), 1);
  assertEquals([echoes.heard(message("y"), 0), echoes.heard(message("x", "u"), 0)], [false, false]);
});

Deno.test("a message that is sent again may come twice, soon after the node is back; after that it is somebody else's", () => {
  for (const [copies, expected] of [[2, [true, true, false]], [1, [true]]] as const) {
    const echoes = connected();
    const one = message("x");
    echoes.sent(one, 1);
    echoes.broken(one);
    echoes.reconnected(0);
    echoes.sent(one, 1);
    echoes.acknowledged(one, 0);
    assertEquals(Array.from({ length: copies + 1 }, () => echoes.heard(one, 1)).slice(0, expected.length), [
      ...expected,
    ]);
    assertEquals(echoes.heard(one, 5000), false);
  }
});

Deno.test("what the broker read while the connection was down does not come", () => {
  const echoes = connected();
  const [acknowledged, during, broken] = [message("1"), message("2"), message("3")];
  echoes.sent(acknowledged, 1);
  echoes.acknowledged(acknowledged, 0);
  echoes.sent(during, 1);
  echoes.sent(broken, 1);
  echoes.down();
  echoes.acknowledged(during, 0);
  echoes.broken(broken);
  echoes.reconnected(0);
  echoes.up();
  assertEquals([acknowledged, during, broken].map((one) => echoes.heard(one, 0)), [false, false, false]);
  assert(echoes.isEmpty);
});

Deno.test("what may be read once the connection is up again may come", () => {
  const echoes = connected();
  const [underWay, broken] = [message("1"), message("2")];
  echoes.sent(underWay, 1);
  echoes.sent(broken, 1);
  echoes.broken(broken);
  echoes.down();
  echoes.up();
  echoes.acknowledged(underWay, 0);
  echoes.reconnected(0);
  assertEquals([echoes.heard(underWay, 4999), echoes.heard(broken, 4999)], [true, true]);
});

Deno.test("a copy that has not come in time is given up, and what is remembered is bounded", () => {
  const echoes = connected();
  const one = message("x");
  echoes.sent(one, 1);
  assert(echoes.heard(one, 1e9));
  echoes.sent(one, 1);
  echoes.acknowledged(one, 0);
  assertEquals(echoes.heard(one, 30_000), false);
  const many = Array.from({ length: 10_001 }, (_, index) => message(`${index}`));
  for (const each of many) echoes.sent(each, 1);
  assertEquals(echoes.heard(message("0"), 0), false);
  assertEquals([echoes.heard(message("1"), 0), echoes.heard(message("10000"), 0)], [true, true]);
});

Deno.test("where a broker may send several copies, so many are taken for the node's own", () => {
  const echoes = connected();
  const one = message("x");
  echoes.sent(one, 3);
  echoes.acknowledged(one, 0);
  assertEquals([1, 2, 3, 4].map(() => echoes.heard(one, 0)), [true, true, true, false]);
});

Deno.test("a retained message is awaited until its copy has come", () => {
  const echoes = connected();
  const kept = message("x", "t", true);
  echoes.sent(message("y"), 1);
  assertEquals(echoes.awaitsRetained("t", 0), false);
  echoes.sent(kept, 1);
  echoes.acknowledged(kept, 0);
  assertEquals([echoes.awaitsRetained("t", 0), echoes.awaitsRetained("u", 0)], [true, false]);
  assertEquals(echoes.awaitsRetained("t", 30_000), false);
  echoes.heard(kept, 0);
  assertEquals(echoes.awaitsRetained("t", 0), false);
});
