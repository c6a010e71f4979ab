import { assertEquals } from "@std/assert";
import { type Lane, Lanes } from "../../../../../runner/node/intake/lanes.ts";

function filled(entries: readonly (readonly [item: string, lane: Lane])[]): Lanes<string> {
  const lanes = new Lanes<string>();
  for (const [item, lane] of entries) lanes.push(item, lane, 1);
  return lanes;
}

function takeAll(lanes: Lanes<string>): string[] {
  const taken: string[] = [];
  for (let next = lanes.take(); next !== undefined; next = lanes.take()) taken.push(next.item);
  return taken;
}

const FLOOD = Array.from({ length: 20_000 }, (_, n) => [`forged ${n}`, "known"] as const);

Deno.test("what names a known key goes before the rest, each lane in its order", () => {
  const lanes = filled([["list 1", "rest"], ["a", "known"], ["list 2", "rest"], ["b", "known"]]);
  assertEquals(takeAll(lanes), ["a", "b", "list 1", "list 2"]);
});

Deno.test("behind a flood of forgeries the newest command is checked first", () => {
  const lanes = filled(FLOOD);
  for (let n = 0; n < 32; n++) {
    assertEquals(lanes.take()?.item, `forged ${n}`);
    lanes.judged("known", true);
  }
  lanes.push("stop", "known", 1);
  assertEquals(lanes.take()?.item, "stop");
  lanes.judged("known", false);
  assertEquals(lanes.take()?.item, "forged 19999");
});

Deno.test("commands keep their order while those that are refused are few, and again after a flood", () => {
  const lanes = filled([["a", "known"], ["b", "known"], ["c", "known"]]);
  for (let n = 0; n < 31; n++) lanes.judged("known", true);
  lanes.judged("known", false);
  for (let n = 0; n < 31; n++) lanes.judged("known", true);
  for (let n = 0; n < 100; n++) lanes.judged("rest", true);
  assertEquals(takeAll(lanes), ["a", "b", "c"]);
  lanes.judged("known", true);
  lanes.push("d", "known", 1);
  lanes.push("e", "known", 1);
  assertEquals(lanes.take()?.item, "e", "one more makes a flood");
  assertEquals(takeAll(lanes), ["d"]);
  lanes.judged("known", false);
  lanes.push("f", "known", 1);
  lanes.push("g", "known", 1);
  assertEquals(takeAll(lanes), ["f", "g"]);
});

Deno.test("what waits is bounded: the newest has no room, in a flood the oldest", () => {
  const room = { messages: 2, bytes: 100 };
  const lanes = new Lanes<string>({ known: room, rest: room });
  assertEquals(lanes.push("larger than the lane", "rest", 1000), []);
  assertEquals(lanes.push("small", "rest", 1), ["small"]);
  assertEquals(["a", "b", "c"].map((item) => lanes.push(item, "known", 1)), [[], [], ["c"]]);
  for (let n = 0; n < 32; n++) lanes.judged("known", true);
  assertEquals(lanes.push("d", "known", 1), ["a"]);
  assertEquals(lanes.push("e", "known", 100), ["b", "d"]);
  assertEquals(takeAll(lanes), ["e", "larger than the lane"]);
  assertEquals(lanes.isEmpty, true);
});
