import { assertEquals, assertMatch } from "@std/assert";
import { insteadOf } from "../../../../protocol/devices/instead.ts";
import { deviceProblem } from "../../../../protocol/devices/devices.ts";

Deno.test("a package for hardware is refused with the line of its language, and what to ask for", () => {
  const gpio = insteadOf("npm", "onoff") ?? "";
  assertMatch(gpio, /^'onoff' needs the device's own hardware/);
  assertMatch(gpio, /write const line = await agent\.gpio\("GPIO17", \{ direction: "out", safe: 0 \}\) with/);
  assertMatch(
    insteadOf("pypi", "rpi-gpio") ?? "",
    /write line = await agent\.gpio\("GPIO17", direction="out", safe=0\)/,
  );
  const sensor = insteadOf("pypi", "adafruit-circuitpython-dht") ?? "";
  assertMatch(
    sensor,
    /await agent\.sensor\("temperature"\)\.read\(\) with "devices": \{"sensors": \["temperature"\]\}/,
  );
  assertEquals([deviceProblem("gpio", "GPIO17"), deviceProblem("sensors", "temperature")], [
    undefined,
    undefined,
  ]);
});

Deno.test("what the node does not hand out is refused without a promise", () => {
  for (
    const [registry, name] of [["npm", "serialport"], ["npm", "i2c-bus"], ["pypi", "pyserial"], [
      "pypi",
      "smbus2",
    ]] as const
  ) {
    assertMatch(
      insteadOf(registry, name) ?? "",
      /hands out no buses, serial lines, .*Let a small program outside/,
    );
  }
});

Deno.test("other packages, and names that only look alike, are nobody's business", () => {
  for (const name of ["ms", "serialport-parser", "onoffice", "@scope/onoff", "gpio-notes"]) {
    assertEquals(insteadOf("npm", name), undefined, name);
  }
  for (const name of ["rich", "boards", "gpiozeros", "pyserial-notes"]) {
    assertEquals(insteadOf("pypi", name), undefined, name);
  }
});
