import { assertEquals } from "@std/assert";
import { Delivered } from "../../../../../runner/node/agents/delivered.ts";

const turnOf = (delivered: Delivered, topic: string) => delivered.turnOf(topic, "any");

Deno.test("what is remembered of topics is bounded in number and in size", () => {
  const many = new Delivered();
  for (let turn = 0; turn <= 20_000; turn++) many.add(`t/${turn}`, turn);
  assertEquals(["t/0", "t/1", "t/20000"].map((topic) => turnOf(many, topic)), [undefined, 1, 20_000]);
  const large = new Delivered();
  for (let turn = 0; turn < 5; turn++) large.add(`${turn}`.padEnd(1024 * 1024, "x"), turn);
  assertEquals(turnOf(large, "0".padEnd(1024 * 1024, "x")), undefined);
  assertEquals(turnOf(large, "4".padEnd(1024 * 1024, "x")), 4);
});

Deno.test("a topic that comes again is remembered as of then, and counted once", () => {
  const delivered = new Delivered();
  for (let turn = 0; turn < 100_000; turn++) delivered.add("t", turn);
  assertEquals(turnOf(delivered, "t"), 99_999);
  delivered.clear();
  assertEquals(turnOf(delivered, "t"), undefined);
});

Deno.test("the last message that the broker keeps is remembered beyond a connection, until another is published", () => {
  const delivered = new Delivered();
  delivered.addOwn("t", 1, "mine");
  delivered.clear();
  assertEquals([delivered.turnOf("t", "mine"), delivered.turnOf("t", "another")], [1, undefined]);
  delivered.add("t", 2, "mine");
  delivered.clear();
  assertEquals(delivered.turnOf("t", "mine"), 2);
  delivered.add("t", 3, "another");
  delivered.clear();
  assertEquals([delivered.turnOf("t", "mine"), delivered.turnOf("t", "another")], [undefined, 3]);
  delivered.add("t", 3);
  delivered.clear();
  assertEquals(delivered.turnOf("t", "another"), undefined);
  delivered.addOwn("t", 4, "mine");
  delivered.addOwn("t", 5);
  delivered.clear();
  assertEquals(delivered.turnOf("t", "mine"), 4);
});
