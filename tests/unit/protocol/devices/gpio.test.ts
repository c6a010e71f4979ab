import { assert, assertEquals, assertThrows } from "@std/assert";
import { deviceCovers, deviceRuleProblem } from "../../../../protocol/devices/devices.ts";
import { rangeCovers, readGpioOptions } from "../../../../protocol/devices/gpio.ts";

Deno.test("a range covers the numbers in it, as they are written", () => {
  const inside = ["GPIO17", "GPIO20", "GPIO27"].map((entry) => rangeCovers("GPIO17-27", entry));
  const outside = ["GPIO16", "GPIO28", "GPIO017", "GPIO", "GPIO17x", "gpio17", "GPIO1", "XGPIO17"];
  assertEquals(inside, [true, true, true]);
  assertEquals(outside.filter((entry) => rangeCovers("GPIO17-27", entry)), []);
  assert(rangeCovers("gpiochip0:0-7", "gpiochip0:7") && !rangeCovers("gpiochip0:0-7", "gpiochip1:7"));
  assert(!rangeCovers("GPIO17", "GPIO17"));
});

Deno.test("lines are covered by name, pattern and range", () => {
  const covered = (rule: string, entry: string) => deviceCovers("gpio", [rule], entry);
  assert(covered("GPIO17", "GPIO17") && covered("GPIO*", "GPIO4") && covered("*", "gpiochip3:1"));
  assert(
    !covered("GPIO1", "GPIO17") && !covered("gpiochip0:*", "GPIO17") && !deviceCovers("gpio", [], "GPIO17"),
  );
  assertEquals(["GPIO*", "gpiochip0:*", "*", "GPIO0-3"].map((rule) => deviceRuleProblem("gpio", rule)), [
    ...Array(4).fill(undefined),
  ]);
});

Deno.test("an output has to say its safe level, which is its first one too", () => {
  const { safe, initial } = readGpioOptions({ direction: "out", safe: 1 });
  assertEquals([safe, initial], [1, 1]);
  assertEquals(readGpioOptions({ direction: "out", safe: 0, initial: 1 }).initial, 1);
  assertThrows(() => readGpioOptions({ direction: "out" }), TypeError, "safe must be 0 or 1");
});

Deno.test("a wrong option is named, with what it may be", () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [{ direction: "both" }, 'direction must be "in" or "out"'],
    [{ edges: "any" }, 'edges must be "rising" or "falling" or "both" or "none"'],
    [{ direction: "out", safe: 0, edges: "both" }, "edges are those of an input"],
    [{ debounce_ms: -1 }, "debounce_ms must be from 0 to 10000"],
    [{ pull: "up" }, "there is no option pull"],
    [{ constructor: 1 }, "there is no option constructor"],
    ["in", "the options must be an object"],
  ];
  for (const [options, message] of cases) assertThrows(() => readGpioOptions(options), TypeError, message);
});
