import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { withSys } from "../../../support/made_up_sys.ts";
import {
  channelOf,
  noSuchChannel,
  pwmProblem,
  pwmRuleProblem,
  readPwmOptions,
} from "../../../../protocol/devices/pwm.ts";
import { isDeviceRequest } from "../../../../protocol/devices/requests.ts";
import { DeviceError } from "../../../../runner/devices/device_error.ts";
import { Places } from "../../../../runner/devices/places.ts";

Deno.test("a PWM channel is a chip and a number", () => {
  assertEquals(["0.0", "10.1"].map(pwmProblem), [undefined, undefined]);
  assertEquals(["", "0", "0.*", "0.0/../x"].filter((entry) => pwmProblem(entry) === undefined), []);
  assertEquals(["0.*", "*", "1.0"].map(pwmRuleProblem), [undefined, undefined, undefined]);
  assertEquals(["*.0", "0.1-3"].filter((rule) => pwmRuleProblem(rule) === undefined), []);
});

Deno.test("PWM options have defaults, and a wrong one says what is right", () => {
  assertEquals(readPwmOptions({ frequency_hz: 50 }), { frequency_hz: 50, duty: 0, safe: 0 });
  assertThrows(
    () => readPwmOptions(undefined),
    TypeError,
    "must be an object, such as { frequency_hz: 25000 }",
  );
  for (const frequency_hz of [0, 1e8, NaN, "50"]) {
    assertThrows(() => readPwmOptions({ frequency_hz }), TypeError, "a number from 0.1 to 10000000");
  }
  assertThrows(
    () => readPwmOptions({ frequency_hz: 50, safe: -1 }),
    TypeError,
    "safe must be a number from 0 to 1",
  );
  assertThrows(() => readPwmOptions({ frequency_hz: 50, dutty: 1 }), TypeError, "'dutty' is no option");
});

Deno.test("a duty that the harness would not write is no request", () => {
  const isDuty = (duty: unknown) => isDeviceRequest({ op: "act", handle: 1, action: { do: "duty", duty } });
  assertEquals([0, 0.5, 1, 1.01, -1, NaN, "1"].map(isDuty), [true, true, true, false, false, false, false]);
});

Deno.test("a node without the channel says what it has, and a chip that leads out of /sys is none", async () => {
  assertEquals(channelOf("0.2", [{ chip: 0, channels: 2 }]), undefined);
  assertEquals(
    noSuchChannel([{ chip: 0, channels: 2 }, { chip: 3, channels: 1 }]),
    "there is no such PWM channel; it has 0.0 to 0.1, 3.0",
  );
  await withSys({ "devices/a.pwm/pwm/pwmchip0/npwm": "2\n" }, async ({ root, link }) => {
    const places = new Places(root);
    await link("class/pwm/pwmchip0", "../../devices/a.pwm/pwm/pwmchip0");
    const { path, unit } = await places.find("pwm", "0.1");
    assertEquals([path, unit], [`${root}/class/pwm/pwmchip0`, 1]);
    await assertRejects(() => places.find("pwm", "0.2"), DeviceError, "it has 0.0 to 0.1");
    await withSys({ "pwmchip0/npwm": "2\n" }, async (other) => {
      await link("class/pwm/pwmchip0", `${other.root}/pwmchip0`);
      await assertRejects(() => places.find("pwm", "0.1"), DeviceError, "leads out of");
    });
  });
});
