import { assertEquals, assertThrows } from "@std/assert";
import { isMeasured, readMeasured } from "../../../protocol/readings.ts";

Deno.test("a reading has the unit of its kind and the kind as its name, unless it says otherwise", () => {
  assertEquals(readMeasured("temperature", 21.4, undefined), {
    reading: "temperature",
    kind: "temperature",
    value: 21.4,
    unit: "°C",
  });
  assertEquals(readMeasured("temperature", 70, { unit: "°F", name: "attic-2" }), {
    reading: "attic-2",
    kind: "temperature",
    value: 70,
    unit: "°F",
  });
  assertEquals(readMeasured("co2", 612, { unit: "ppm" }).unit, "ppm");
  assertEquals(readMeasured("visitors", -3, {}).unit, "");
});

Deno.test("a reading that is no number, or has a wrong kind, unit or name, is refused with what is allowed", () => {
  const wrong: readonly [kind: unknown, value: unknown, options: unknown, message: string][] = [
    ["temperature", "21", {}, 'value must be a finite number, got "21"'],
    ["temperature", NaN, {}, "value must be a finite number, got NaN"],
    ["temperature", Infinity, {}, "value must be a finite number, got Infinity"],
    ["temperature", true, {}, "value must be a finite number, got true"],
    ["temperature", null, {}, "value must be a finite number, got null"],
    ["", 1, {}, "kind must be lower-case letters"],
    ["Temp", 1, {}, "kind must be lower-case letters"],
    ["a/b", 1, {}, "kind must be lower-case letters"],
    ["constructor+", 1, {}, "kind must be lower-case letters"],
    [undefined, 1, {}, "kind must be lower-case letters"],
    ["temperature", 1, { unit: 1 }, "unit must be up to 12 characters"],
    ["temperature", 1, { unit: "x".repeat(13) }, "unit must be up to 12 characters"],
    ["temperature", 1, { unit: "\u202e%" }, "unit must be up to 12 characters"],
    ["temperature", 1, { unit: "° C" }, "unit must be up to 12 characters"],
    ["temperature", 1, { name: "a/b" }, "name must be letters"],
    ["temperature", 1, { name: "+" }, "name must be letters"],
    ["temperature", 1, { name: "x".repeat(65) }, "name must be letters"],
    ["temperature", 1, { retain: true }, "there is no option retain: there are unit, name"],
    ["temperature", 1, "°C", "the options must be an object"],
  ];
  for (const [kind, value, options, message] of wrong) {
    assertThrows(() => readMeasured(kind, value, options), TypeError, message);
  }
  assertEquals(readMeasured("constructor", 1, {}).unit, "", "not the unit of a property of every object");
});

Deno.test("what an agent's process sends as a reading is checked again", () => {
  const good = { reading: "a", kind: "temperature", value: 1, unit: "°C" };
  assertEquals(isMeasured(good), true);
  const forged = [{ reading: "a/../b" }, { kind: 1 }, { value: "1" }, { unit: undefined }, { reading: "#" }];
  for (const wrong of forged) assertEquals(isMeasured({ ...good, ...wrong }), false, JSON.stringify(wrong));
});
