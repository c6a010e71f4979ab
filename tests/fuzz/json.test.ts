/** JSON from strangers, and payloads between agent code and the pipe. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { asJson, fromWire, toMessage, toWire } from "../../agents/harness/payload.ts";
import { hasTooManyParts, MAX_NESTING, MAX_PARTS, nestsTooDeep } from "../../protocol/json.ts";
import { anyJson, anyText, holds } from "../support/fuzz.ts";

const nesting = fc.tuple(fc.array(fc.boolean(), { maxLength: 2 * MAX_NESTING }), anyJson).map((
  [steps, core],
) => steps.reduce<unknown>((inner, isList) => isList ? [inner] : { inner }, core));

/** Levels of containers, counted the simple way. */
function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

holds("JSON nests too deep exactly beyond the limit", nesting, (value) => {
  assertEquals(nestsTooDeep(value), depthOf(value) > MAX_NESTING);
}, 300);

Deno.test("JSON nests as deep as the limit and no deeper", () => {
  const nested = (levels: number) => JSON.parse("[".repeat(levels) + "]".repeat(levels));
  assertEquals(nestsTooDeep(nested(MAX_NESTING)), false);
  assertEquals(nestsTooDeep(nested(MAX_NESTING + 1)), true);
  assertEquals(nestsTooDeep(JSON.parse(`${`{"0":`.repeat(1e5)}1${"}".repeat(1e5)}`)), true);
});

holds("data goes through the pipe as JSON carries it", anyJson, (value) => {
  // A string goes as it is, and may read as JSON at the other end.
  if (typeof value === "string") return assertEquals(toWire(value), { text: value });
  assertEquals(fromWire(toWire(value)), value);
  assertEquals(asJson(value), value);
});

holds("bytes go through the pipe unchanged", fc.uint8Array({ maxLength: 300 }), (bytes) => {
  assertEquals(fromWire(toWire(bytes)), bytes);
  assertEquals(fromWire(toWire(bytes.slice().buffer)), bytes);
});

holds("text from the bus is JSON's value or itself, and never an error", anyText, (text) => {
  const value = fromWire({ text });
  if (value !== text) assertEquals(value, JSON.parse(text));
});

holds(
  "what has no JSON is a TypeError that says so, and anything makes a message",
  fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withTypedArray: true,
  }),
  (value) => {
    assertEquals(typeof toMessage(value), "string");
    try {
      const wire = toWire(value);
      assert("text" in wire ? typeof wire.text === "string" : typeof wire.base64 === "string");
    } catch (error) {
      assert(error instanceof TypeError && error.message.startsWith("the data is not JSON"), String(error));
    }
  },
);

Deno.test("a circle is no JSON", () => {
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  assertThrows(() => toWire(circle), TypeError, "the data is not JSON");
});

/** Objects, lists and texts (keys too) in a value. */
function partsOf(value: unknown): number {
  if (typeof value === "string") return 1;
  if (typeof value !== "object" || value === null) return 0;
  const keys = Array.isArray(value) ? 0 : Object.keys(value).length;
  return Object.values(value).reduce((sum: number, inner) => sum + partsOf(inner), 1 + keys);
}

/** As many empty lists as bring `text` to the limit, or one past it. */
const filledUp = (json: string, parts: number, more: number) =>
  `[${json},${"[],".repeat(MAX_PARTS - parts - 1 + more)}1]`;

holds("parts are counted as JSON.parse makes them, whatever stands in the texts", anyJson, (value) => {
  const [json, parts] = [JSON.stringify(value), partsOf(value)];
  assertEquals(hasTooManyParts(filledUp(json, parts, 0)), false);
  assertEquals(hasTooManyParts(filledUp(json, parts, 1)), true);
}, 60);
