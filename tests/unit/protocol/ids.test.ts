import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { actorId, nodeId } from "../../../protocol/ids.ts";

Deno.test("an agent's id is the UUIDv5 that the contract names", () => {
  assertEquals(actorId("sensor"), "17561c67-335f-5ec9-ae51-71d168d17181");
});

Deno.test("a node's id is the UUIDv5 that the contract names", () => {
  assertEquals(nodeId("py-node"), "c77f8d4f-c168-53bd-8b86-9424d7005e15");
});

Deno.test("an agent and a node of the same name have different ids, each always the same", () => {
  assertNotEquals(actorId("x"), nodeId("x"));
  assertEquals(actorId("x"), actorId("x"));
});

Deno.test("an id has version 5 and the RFC's variant, whatever the name", () => {
  for (let n = 0; n < 200; n++) {
    assertMatch(
      actorId(`agent-${n}`),
      /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  }
});
