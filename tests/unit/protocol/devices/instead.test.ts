import { assert, assertEquals, assertMatch } from "@std/assert";
import { insteadOf, isProvided, PROVIDED_MODULES } from "../../../../protocol/devices/instead.ts";
import { deviceProblem } from "../../../../protocol/devices/devices.ts";

Deno.test("a package for hardware is refused with the line of its language, and what to ask for", () => {
  const gpio = insteadOf("npm", "onoff") ?? "";
  assertMatch(gpio, /^'onoff' needs the device's own hardware/);
  assertMatch(gpio, /write const line = await agent\.gpio\("GPIO17", \{ direction: "out", safe: 0 \}\) with/);
  assertMatch(
    insteadOf("pypi", "rpi-gpio") ?? "",
    /write line = await agent\.gpio\("GPIO17", direction="out", safe=0\)/,
  );
  for (const [registry, name] of [["npm", "i2c-bus"], ["pypi", "smbus2"]] as const) {
    assertMatch(
      insteadOf(registry, name) ?? "",
      /await agent\.i2c\(1, 0x76\) with "devices": \{"i2c": \["1:0x76"\]\}/,
    );
  }
  assertMatch(insteadOf("pypi", "pyserial") ?? "", /agent\.serial\("\/dev\/ttyUSB0", baud_rate=9600\)/);
  const sensor = insteadOf("pypi", "adafruit-dht") ?? "";
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
    const [registry, name] of [["npm", "usb"], ["pypi", "pyusb"]] as const
  ) {
    assertMatch(
      insteadOf(registry, name) ?? "",
      /hands out no cameras, radios .*Let a small program outside/,
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

Deno.test("drivers for CircuitPython can be installed, and what they need is there", async () => {
  for (const name of ["adafruit-circuitpython-dht", "adafruit-circuitpython-busdevice", "adafruit-blinka"]) {
    assertEquals(insteadOf("pypi", name), undefined, name);
  }
  assert(isProvided("adafruit-blinka"));
  const source = await Deno.readTextFile(
    new URL("../../../../agents/harness/python/circuitpython.py", import.meta.url),
  );
  const table = source.slice(source.indexOf("_MODULES = {"));
  const modules = [...table.matchAll(/^ {4}"([a-z_]+)": \{/gm)].map(([, name = ""]) => name);
  assertEquals(modules.toSorted(), PROVIDED_MODULES);
});
