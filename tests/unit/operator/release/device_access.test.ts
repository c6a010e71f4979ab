import { assertEquals } from "@std/assert";
import { deviceAccess } from "../../../../operator/release/device_access.ts";
import { allDevices } from "../../../../runner/policy/policy.ts";
import { parsePolicy } from "../../../../runner/policy/parse.ts";

const of = (policy: object) => deviceAccess(allDevices(parsePolicy(JSON.stringify(policy), "policy.json")));

Deno.test("a service gets what the policy allows, for all agents or for one, and no more", () => {
  assertEquals(of({}), { allow: [], groups: [] });
  assertEquals(of({ devices: { sensors: ["*"] } }), { allow: [], groups: [] });
  assertEquals(
    of({ devices: { i2c: ["1:0x76"] }, agents: { "door-*": { devices: { gpio: ["GPIO17"] } } } }),
    {
      allow: ["/dev/i2c-1", "char-gpiochip"],
      groups: ["gpio", "i2c"],
    },
  );
});

Deno.test("a device of the board is allowed by its file, and what can be unplugged by its driver", () => {
  const cases: readonly (readonly [object, readonly string[]])[] = [
    [{ gpio: ["gpiochip0:0-7", "gpiochip0:9"] }, ["/dev/gpiochip0"]],
    [{ gpio: ["GPIO22-27"] }, ["char-gpiochip"]],
    [{ i2c: ["1:*", "0:0x40-0x4f"] }, ["/dev/i2c-0", "/dev/i2c-1"]],
    [{ i2c: ["*"] }, ["char-i2c"]],
    [{ serial: ["/dev/ttyAMA0"] }, ["/dev/ttyAMA0"]],
    [{ serial: ["/dev/ttyUSB0"] }, ["char-ttyUSB"]],
    [{ serial: ["/dev/serial/by-id/usb-x"] }, ["char-ttyACM", "char-ttyUSB"]],
    [{ serial: ["*"] }, ["char-ttyACM", "char-ttyAMA", "char-ttyS", "char-ttyUSB"]],
  ];
  for (const [devices, allow] of cases) assertEquals(of({ devices }).allow, allow, JSON.stringify(devices));
});

Deno.test("PWM channels need the group and /sys, and no device file", () => {
  assertEquals(of({ devices: { pwm: ["0.1"] } }), { allow: [], groups: ["gpio"], writesSys: true });
});
