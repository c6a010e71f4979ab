import { assertEquals, assertThrows } from "@std/assert";
import { asNumber, holdsInexactInteger, nestsTooDeep, parseExactly } from "../../../protocol/json.ts";
import { parseSpawnConfig } from "../../../protocol/spawn_config.ts";
import { parseAgentFrame } from "../../../protocol/agent_frames.ts";

Deno.test("whole numbers beyond what JavaScript holds are written as they came", () => {
  const texts = [
    "1234567890123456714",
    "-9223372036854775808",
    '{"id":1234567890123456714,"list":[18446744073709551615,{"deep":100000000000000000000000000000}]}',
    '[9007199254740991,9007199254740993,1.5,"1234567890123456714",null,true]',
  ];
  for (const text of texts) assertEquals(JSON.stringify(parseExactly(text)), text);
});

Deno.test("all else is read as JSON.parse does", () => {
  for (
    const text of [
      "9007199254740991",
      "0.8414709848078965",
      "-1.2345678901234567e-7",
      '"1234567890123456714"',
    ]
  ) {
    assertEquals(parseExactly(text), JSON.parse(text));
  }
  assertEquals(parseExactly("[1.0000000000000000001, 1e300]"), [1, 1e300]);
  assertThrows(() => parseExactly("{1234567890123456714"), SyntaxError);
  assertEquals(nestsTooDeep(parseExactly("[1234567890123456714]")), false);
});

Deno.test("what an agent sends on keeps its numbers, and what must be a number of ours is none", () => {
  const frame = parseAgentFrame('{"t":"task_done","id":1,"value":{"id":1234567890123456714}}');
  assertEquals(JSON.stringify(frame), '{"t":"task_done","id":1,"value":{"id":1234567890123456714}}');
  assertEquals(parseAgentFrame('{"t":"unsubscribe","id":1234567890123456714}'), undefined);
});

Deno.test("a number that may have been altered already is found", () => {
  assertEquals(holdsInexactInteger({ a: [{ b: JSON.parse("1234567890123456714") }] }), true);
  assertEquals(holdsInexactInteger({ a: [1, 1.5, "1234567890123456714", null, 9007199254740991] }), false);
});

Deno.test("a number of a spawn config that is too long is refused as a number", () => {
  const config = parseExactly('{"name":"a","code":"x","max_restarts":1000000000000000000}');
  assertThrows(() => parseSpawnConfig(config, "n"), Error, "max_restarts must not exceed");
  assertEquals([asNumber(parseExactly("1000000000000000000")), asNumber("1"), asNumber(null)], [
    1e18,
    "1",
    null,
  ]);
});
