import { assertEquals, assertRejects } from "@std/assert";
import { Handles } from "../../../../agents/harness/device_parts.ts";
import { createPythonApi } from "../../../../agents/harness/python/api.ts";
import { openSpi } from "../../../../agents/harness/spi.ts";
import type { Agent, SpiDeviceOptions } from "../../../../agents/types.d.ts";
import type { DeviceRequest } from "../../../../protocol/devices/requests.ts";

function setUp() {
  const asked: DeviceRequest[] = [];
  const handles = new Handles();
  const parts = {
    ask: (request: DeviceRequest) => {
      asked.push(request);
      return Promise.resolve(request.op === "act" ? "AQI=" : 7);
    },
    call: (work: () => unknown) => void work(),
    signal: new AbortController().signal,
    handles,
  };
  return {
    asked,
    handles,
    open: (device: string, options?: SpiDeviceOptions) => openSpi(parts, device, options),
  };
}

Deno.test("an SPI device is set up, asked and closed by its handle", async () => {
  const { open, asked } = setUp();
  const device = await open("0.0", { mode: 1 });
  assertEquals(await device.transfer([0xd0, 0]), new Uint8Array([1, 2]));
  await device.close();
  await device.close();
  assertEquals<unknown>(asked, [
    { op: "open", kind: "spi", entry: "0.0", options: { mode: 1, speed_hz: 500_000, bits: 8 } },
    { op: "act", handle: 7, action: { do: "exchange", data: "0AA=" } },
    { op: "close", handle: 7 },
  ]);
});

Deno.test("a wrong argument for SPI is an error before the node is asked", async () => {
  const { open, asked } = setUp();
  await assertRejects(() => open("0.0", { mode: 7 as 3 }), TypeError, "Cannot open SPI 0.0: mode must be");
  await assertRejects(() => open(0 as unknown as string), TypeError, 'it is named as "0.0"');
  const device = await open("0.0", { bits: 16 });
  await assertRejects(() => device.transfer([1]), TypeError, "1 to 4096 bytes, in words of 2");
  await assertRejects(() => device.transfer([]), TypeError, "Cannot talk to SPI 0.0");
  assertEquals(asked.length, 1);
});

Deno.test("an SPI device whose host has ended fails from then on", async () => {
  const { open, handles } = setUp();
  const device = await open("0.0");
  handles.fail(7, new Error("the device host has ended"));
  await assertRejects(() => device.transfer([1]), Error, "the device host has ended");
  await device.close();
});

Deno.test("Python gets an SPI device as functions, and bytes as base64", async () => {
  const { open } = setUp();
  const agent = { spi: open } as unknown as Agent;
  const device = await createPythonApi(agent).spi?.("0.0", '{"mode":0}') as Record<
    string,
    (text: string) => unknown
  >;
  assertEquals(await device.transfer?.("0AA="), "AQI=");
});
