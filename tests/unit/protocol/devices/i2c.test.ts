import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { deviceCovers, deviceProblem, deviceRuleProblem } from "../../../../protocol/devices/devices.ts";
import { i2cAddressOf, i2cEntry, noSuchBus } from "../../../../protocol/devices/i2c.ts";

Deno.test("a bus and an address make an entry, and nothing else does", () => {
  assertEquals(i2cEntry(1, 0x76), "1:0x76");
  assertEquals(i2cAddressOf("10:0x08"), { bus: 10, address: 8 });
  for (const [bus, address] of [[1, 7], [1, 0x78], [1, "0x76"], ["1", 0x76], [-1, 0x76], [1, 1.5]]) {
    assertThrows(() => i2cEntry(bus, address), TypeError);
  }
  const wrong = [
    "1:0x07",
    "1:0x78",
    "1:0x7F",
    "01:0x76",
    "1:76",
    "1:0x076",
    "1:*",
    "*",
    "1",
    "/dev/i2c-1:0x76",
  ];
  assertEquals(wrong.filter((entry) => deviceProblem("i2c", entry) === undefined), []);
});

Deno.test("addresses are covered by pattern and range, on their bus", () => {
  const covers = (rule: string, entry: string) => deviceCovers("i2c", [rule], entry);
  for (const rule of ["1:0x76", "1:*", "*", "*:0x76", "1:0x70-0x77"]) {
    assertEquals(deviceRuleProblem("i2c", rule), undefined);
    assert(covers(rule, "1:0x76"), rule);
  }
  for (const rule of ["1:0x77", "2:*", "11:0x76", "1:0x40-0x4f", "2:0x70-0x77"]) {
    assert(!covers(rule, "1:0x76"), rule);
  }
  for (const rule of ["1", "1:0x*", "1:0x4f-0x40", "1:0x76-", "x"]) {
    assert(deviceRuleProblem("i2c", rule), rule);
  }
});

Deno.test("a node says which buses it has", () => {
  assertStringIncludes(noSuchBus([]), "is it switched on");
  assertEquals(noSuchBus([{ bus: 1, name: "bcm" }]), "there is no such bus; it has 1 (bcm)");
});
