/** Bytes as the kernel lays them out; tests/hardware has the kernel itself. */
import { assertEquals } from "@std/assert";
import { readGpioOptions } from "../../../../../protocol/devices/gpio.ts";
import {
  eventsIn,
  flagsOf,
  GET_LINE,
  GET_VALUES,
  lineFd,
  lineRequest,
  lineValues,
  SET_VALUES,
} from "../../../../../runner/devices/host/gpio_uapi.ts";

Deno.test("the numbers of the calls are those of the kernel's header", () => {
  assertEquals([GET_LINE, GET_VALUES, SET_VALUES].map((number) => number.toString(16)), [
    "c250b407",
    "c010b40e",
    "c010b40f",
  ]);
});

Deno.test("a request has line, name, flags and first level where the kernel looks for them", () => {
  const options = readGpioOptions({ direction: "out", safe: 0, initial: 1, active_low: true });
  const bytes = lineRequest(5, options, "agentflow lamp");
  const view = new DataView(bytes.buffer);
  assertEquals(bytes.length, 592);
  assertEquals(view.getUint32(0, true), 5);
  assertEquals(new TextDecoder().decode(bytes.subarray(256, 271)), "agentflow lamp\0");
  // Output, active low.
  assertEquals(view.getBigUint64(288, true), 0b1010n);
  // One attribute: output values (2), level 1, of the first line.
  assertEquals([view.getUint32(296, true), view.getUint32(320, true)], [1, 2]);
  assertEquals([view.getBigUint64(328, true), view.getBigUint64(336, true)], [1n, 1n]);
  assertEquals([view.getUint32(560, true), view.getUint32(564, true)], [1, 64]);
  view.setInt32(588, 9, true);
  assertEquals(lineFd(bytes), 9);
});

Deno.test("a long name is cut, and ended", () => {
  const bytes = lineRequest(0, readGpioOptions({}), "x".repeat(100));
  assertEquals([bytes[256 + 30], bytes[256 + 31]], [0x78, 0]);
});

Deno.test("debounce goes in microseconds, edges and bias as flags", () => {
  const options = readGpioOptions({ edges: "both", bias: "up", debounce_ms: 2.5 });
  assertEquals(flagsOf(options), 0x4 | 0x10 | 0x20 | 0x100);
  const view = new DataView(lineRequest(1, options, "a").buffer);
  assertEquals([view.getUint32(320, true), view.getUint32(328, true)], [3, 2500]);
});

Deno.test("levels and events are read as the kernel writes them", () => {
  assertEquals([...lineValues(1)], [1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
  const bytes = new Uint8Array(96);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, 12_500_000_000n, true);
  view.setUint32(8, 1, true);
  view.setUint32(20, 7, true);
  view.setBigUint64(48, 12_600_000_000n, true);
  view.setUint32(56, 2, true);
  view.setUint32(68, 8, true);
  assertEquals(eventsIn(bytes), [{ edge: [12.5, 1], number: 7 }, { edge: [12.6, 0], number: 8 }]);
});
