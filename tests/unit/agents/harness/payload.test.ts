import { assertEquals, assertThrows } from "@std/assert";
import { asJson, fromWire, toMessage, toWire } from "../../../../agents/harness/payload.ts";

const circular: { self?: unknown } = {};
circular.self = circular;

Deno.test("strings and bytes go as they are, all else as JSON", () => {
  assertEquals(toWire("plain"), { text: "plain" });
  assertEquals(toWire(""), { text: "" });
  assertEquals(toWire(Uint8Array.of(0, 255)), { base64: "AP8=" });
  assertEquals(toWire(Uint8Array.of(1, 2, 3).buffer), { base64: "AQID" });
  assertEquals(toWire(Uint8Array.of(9, 1, 2, 9).subarray(1, 3)), { base64: "AQI=" });
  assertEquals(toWire({ a: [1] }), { text: '{"a":[1]}' });
  assertEquals(toWire(5), { text: "5" });
  assertEquals(toWire(null), { text: "null" });
  assertEquals(toWire(undefined), { text: "null" });
});

Deno.test("what is no JSON is refused with the reason", () => {
  assertThrows(() => toWire(circular), TypeError, "the data is not JSON: ");
  assertThrows(() => asJson(1n), TypeError, "the data is not JSON: ");
});

Deno.test("a payload arrives as the JSON it is, else as text, else as bytes", () => {
  assertEquals(fromWire({ text: '{"a":1}' }), { a: 1 });
  assertEquals(fromWire({ text: "5" }), 5);
  assertEquals(fromWire({ text: "not json" }), "not json");
  assertEquals(fromWire({ text: "" }), "");
  assertEquals(fromWire({ base64: "AP8=" }), Uint8Array.of(0, 255));
});

Deno.test("a copy as JSON shares nothing with the original", () => {
  const original = { list: [1], when: new Date(0), gone: undefined };
  const copy = asJson(original);
  original.list.push(2);
  assertEquals(copy, { list: [1], when: "1970-01-01T00:00:00.000Z" });
  assertEquals(asJson(undefined), null);
});

Deno.test("a message is a string as it is, an error's text, and anything else as JSON or as shown", () => {
  assertEquals(toMessage("text"), "text");
  assertEquals(toMessage(new TypeError("bad")), "TypeError: bad");
  assertEquals(toMessage({ a: 1 }), '{"a":1}');
  assertEquals(toMessage(undefined), "undefined");
  assertEquals(toMessage(5n), "5n");
  assertEquals(toMessage(circular), Deno.inspect(circular));
});
