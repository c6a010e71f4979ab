import { assertEquals, assertRejects } from "@std/assert";
import { Handles } from "../../../../agents/harness/device_parts.ts";
import { openI2c } from "../../../../agents/harness/i2c.ts";
import { createPythonApi } from "../../../../agents/harness/python/api.ts";
import type { Agent } from "../../../../agents/types.d.ts";
import type { DeviceRequest } from "../../../../protocol/devices/requests.ts";

function setUp() {
  const asked: DeviceRequest[] = [];
  const handles = new Handles();
  const parts = {
    ask: (request: DeviceRequest) => {
      asked.push(request);
      if (request.op !== "act" || request.action.do !== "transfer") return Promise.resolve(7);
      return Promise.resolve(request.action.steps.flatMap((step) => "read" in step ? ["AQID"] : []));
    },
    call: (work: () => unknown) => void work(),
    signal: new AbortController().signal,
    handles,
  };
  return { asked, handles, open: (bus: number, address: number) => openI2c(parts, bus, address) };
}

Deno.test("a device is read, written and asked by its handle", async () => {
  const { open, asked } = setUp();
  const device = await open(1, 0x76);
  assertEquals(await device.read(3), new Uint8Array([1, 2, 3]));
  await device.write([0xf4, 0x27]);
  assertEquals(await device.transfer([{ write: Uint8Array.of(0xd0) }, { read: 3 }]), [
    new Uint8Array([1, 2, 3]),
  ]);
  await device.close();
  await device.close();
  const act = (...steps: unknown[]) => ({ op: "act", handle: 7, action: { do: "transfer", steps } });
  assertEquals<unknown>(asked, [
    { op: "open", kind: "i2c", entry: "1:0x76", options: {} },
    act({ read: 3 }),
    act({ write: "9Cc=" }),
    act({ write: "0A==" }, { read: 3 }),
    { op: "close", handle: 7 },
  ]);
});

Deno.test("a wrong argument is an error before the node is asked", async () => {
  const { open, asked } = setUp();
  await assertRejects(() => open(1, 0x78), TypeError, "the address must be from 0x08 to 0x77, got 120");
  await assertRejects(() => open("x" as never, 0x76), TypeError, "the bus must be the N of /dev/i2c-N");
  const device = await open(1, 0x76);
  await assertRejects(() => device.read(0), TypeError, "Cannot talk to 1:0x76: a step reads 1 to 8192 bytes");
  await assertRejects(() => device.transfer([]), TypeError, "a transfer has 1 to 42 steps");
  assertEquals(asked.length, 1);
});

Deno.test("a device whose host has ended fails from then on", async () => {
  const { open, handles } = setUp();
  const device = await open(1, 0x76);
  handles.fail(7, new Error("the device host has ended"));
  await assertRejects(() => device.read(1), Error, "the device host has ended");
  await device.close();
});

Deno.test("Python gets a device as functions, and bytes as base64", async () => {
  const { open, asked } = setUp();
  const agent = { i2c: open } as unknown as Agent;
  const device = await createPythonApi(agent).i2c?.(1, 0x76) as Record<string, (json: string) => unknown>;
  assertEquals(await device.transfer?.('[{"write":"0A=="},{"read":3}]'), '["AQID"]');
  assertEquals(asked.length, 2);
});
