import { assertEquals, assertThrows } from "@std/assert";
import { isDeviceRequest } from "../../../../protocol/devices/requests.ts";
import {
  noSuchSpi,
  readSpiOptions,
  spiCovers,
  spiProblem,
  spiRuleProblem,
} from "../../../../protocol/devices/spi.ts";

Deno.test("an SPI device is a bus and a chip select", () => {
  assertEquals(["0.0", "10.1"].map(spiProblem), [undefined, undefined]);
  const wrong = ["", "0", "00.0", "0.01", "0.*", "*", "0.0/../x", "/dev/spidev0.0"];
  assertEquals(wrong.filter((entry) => spiProblem(entry) === undefined), []);
});

Deno.test("a rule covers a device, a bus or all, and never a part of a number", () => {
  const covered = (rule: string) => ["0.0", "0.1", "1.0", "10.0"].filter((entry) => spiCovers(rule, entry));
  assertEquals(covered("0.1"), ["0.1"]);
  assertEquals(covered("0.*"), ["0.0", "0.1"]);
  assertEquals(covered("1.*"), ["1.0"]);
  assertEquals(covered("*"), ["0.0", "0.1", "1.0", "10.0"]);
  assertEquals(["0.*", "*", "1.0"].map(spiRuleProblem), [undefined, undefined, undefined]);
  assertEquals(["*.0", "0*", "", "0.1-3"].filter((rule) => spiRuleProblem(rule) === undefined), []);
});

Deno.test("options have defaults, and a wrong one says what is right", () => {
  assertEquals(readSpiOptions(undefined), { mode: 0, speed_hz: 500_000, bits: 8 });
  assertEquals(readSpiOptions({ mode: 3, bits: 16 }), { mode: 3, speed_hz: 500_000, bits: 16 });
  assertThrows(() => readSpiOptions({ mode: 4 }), TypeError, "mode must be 0, 1, 2 or 3, got 4");
  assertThrows(() => readSpiOptions({ speed_hz: 0 }), TypeError, "speed_hz must be a whole number from 1");
  assertThrows(() => readSpiOptions({ bits: 9 }), TypeError, "bits must be 8, 16 or 32, got 9");
  assertThrows(() => readSpiOptions({ speed: 1 }), TypeError, "'speed' is no option: known are mode");
});

Deno.test("a request that the harness would not write is none", () => {
  const exchange = (data: unknown) =>
    isDeviceRequest({ op: "act", handle: 1, action: { do: "exchange", data } });
  assertEquals(["AA==", "", 1, "A".repeat(6000)].map(exchange), [true, false, false, false]);
});

Deno.test("a node without the device says what it has", () => {
  assertEquals(noSuchSpi([{ device: "0.0" }]), "there is no such SPI device; it has 0.0");
  assertEquals(noSuchSpi([]), "there is no SPI device (is SPI switched on, as /dev/spidev0.0?)");
});
