import { assertEquals, assertRejects } from "@std/assert";
import { Handles } from "../../../../agents/harness/device_parts.ts";
import { openPwm } from "../../../../agents/harness/pwm.ts";
import { createPythonApi } from "../../../../agents/harness/python/api.ts";
import type { Agent, PwmOptions } from "../../../../agents/types.d.ts";
import type { DeviceRequest } from "../../../../protocol/devices/requests.ts";

function setUp() {
  const asked: DeviceRequest[] = [];
  const handles = new Handles();
  const parts = {
    ask: (request: DeviceRequest) => Promise.resolve(asked.push(request) > 0 ? 7 : 0),
    call: (work: () => unknown) => void work(),
    signal: new AbortController().signal,
    handles,
  };
  return { asked, handles, open: (channel: string, options: PwmOptions) => openPwm(parts, channel, options) };
}

Deno.test("a PWM channel is set up, set and closed by its handle", async () => {
  const { open, asked } = setUp();
  const fan = await open("0.1", { frequency_hz: 25_000, duty: 0.5 });
  await fan.set({ duty: 0.75 });
  await fan.close();
  await fan.close();
  assertEquals<unknown>(asked, [
    { op: "open", kind: "pwm", entry: "0.1", options: { frequency_hz: 25_000, duty: 0.5, safe: 0 } },
    { op: "act", handle: 7, action: { do: "duty", duty: 0.75 } },
    { op: "close", handle: 7 },
  ]);
});

Deno.test("a wrong argument for PWM is an error before the node is asked", async () => {
  const { open, asked } = setUp();
  await assertRejects(
    () => open("0.1", { frequency_hz: 0 }),
    TypeError,
    "Cannot open PWM 0.1: frequency_hz must",
  );
  await assertRejects(() => open(1 as unknown as string, { frequency_hz: 50 }), TypeError, 'named as "0.1"');
  const fan = await open("0.1", { frequency_hz: 50 });
  await assertRejects(
    () => fan.set({ duty: 50 }),
    TypeError,
    "Cannot set PWM 0.1: duty must be a number from 0 to 1",
  );
  assertEquals(asked.length, 1);
});

Deno.test("a PWM channel whose host has ended fails from then on, in Python too", async () => {
  const { open, handles } = setUp();
  const agent = { pwm: open } as unknown as Agent;
  const fan = await createPythonApi(agent).pwm?.("0.1", '{"frequency_hz":50}') as {
    set(duty: number): Promise<void>;
  };
  await fan.set(1);
  handles.fail(7, new Error("the device host has ended"));
  await assertRejects(() => fan.set(0), Error, "the device host has ended");
});
