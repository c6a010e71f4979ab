import { assertEquals } from "@std/assert";
import { Delivered } from "../../../../../runner/node/agents/delivered.ts";

Deno.test("what is remembered of topics is bounded in number and in size", () => {
  const many = new Delivered();
  for (let turn = 0; turn <= 20_000; turn++) many.add(`t/${turn}`, turn);
  assertEquals([many.turnOf("t/0"), many.turnOf("t/1"), many.turnOf("t/20000")], [undefined, 1, 20_000]);
  const large = new Delivered();
  for (let turn = 0; turn < 5; turn++) large.add(`${turn}`.padEnd(1024 * 1024, "x"), turn);
  assertEquals(large.turnOf("0".padEnd(1024 * 1024, "x")), undefined);
  assertEquals(large.turnOf("4".padEnd(1024 * 1024, "x")), 4);
});

Deno.test("a topic that comes again is remembered as of then, and counted once", () => {
  const delivered = new Delivered();
  for (let turn = 0; turn < 100_000; turn++) delivered.add("t", turn);
  assertEquals(delivered.turnOf("t"), 99_999);
  delivered.clear();
  assertEquals(delivered.turnOf("t"), undefined);
});
