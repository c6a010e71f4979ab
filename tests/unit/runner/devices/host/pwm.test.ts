/** A PWM chip as the kernel's documents have it (sysfs-class-pwm), made up; no real chip has seen this. */
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { readPwmOptions } from "../../../../../protocol/devices/pwm.ts";
import { DeviceError } from "../../../../../runner/devices/device_error.ts";
import { PwmChip } from "../../../../../runner/devices/host/pwm.ts";
import { Units } from "../../../../../runner/devices/host/units.ts";

const CHIP = "/sys/class/pwm/pwmchip0";

/** `exported`: the channel's files are there. `ours`: after so many pauses, udev has handed them to the group. */
function fakeChip({ exported = false, taken = false, ours = 0, active = 0 } = {}) {
  const writes: string[] = [];
  const files: string[] = [];
  let [isThere, pauses] = [exported, 0];
  const system = {
    open(path: string, how?: string) {
      assertEquals(how, "write");
      if (path.includes("/pwm1/") && !isThere) return -2;
      if (path.includes("/pwm1/") && pauses < ours) return -13;
      return files.push(path.slice(CHIP.length + 1)) - 1;
    },
    write(fd: number, bytes: Uint8Array) {
      const [file, value] = [files[fd] ?? "", new TextDecoder().decode(bytes).trim()];
      if (file === "export" && (isThere || taken)) return -16;
      if (file === "pwm1/period" && Number(value) < active) return -22;
      if (file === "pwm1/duty_cycle") active = Number(value);
      if (file === "export") isThere = true;
      if (file === "unexport") isThere = false;
      writes.push(`${file} ${value}`);
      return bytes.length;
    },
    close: () => {},
  };
  const units = new Units(new PwmChip(CHIP, { system, pause: () => void pauses++ }));
  const own = { agent: "fan", unit: 1 } as const;
  return {
    writes,
    units,
    pauses: () => pauses,
    open: async (given: unknown) => {
      await units.carryOut({ op: "grant", ...own });
      await units.carryOut({ op: "open", ...own, options: readPwmOptions(given) });
    },
    ask: (request: { op: "rest" } | { op: "close" } | { op: "act"; action: { do: "duty"; duty: number } }) =>
      units.carryOut({ ...own, ...request }),
  };
}

Deno.test("a channel is exported, set up and switched on, and off again when it is closed", async () => {
  const { writes, open, ask } = fakeChip();
  await open({ frequency_hz: 25_000, duty: 0.5 });
  await ask({ op: "act", action: { do: "duty", duty: 0.25 } });
  await ask({ op: "close" });
  assertEquals(writes, [
    ...["export 1", "pwm1/period 40000", "pwm1/duty_cycle 20000", "pwm1/enable 1"],
    "pwm1/duty_cycle 10000",
    ...["pwm1/duty_cycle 0", "pwm1/enable 0", "unexport 1"],
  ]);
});

Deno.test("a channel with a safe duty goes to it, at rest and at the end of its host, and stays on", async () => {
  const { writes, units, open, ask } = fakeChip();
  await open({ frequency_hz: 1000, duty: 0.2, safe: 1 });
  writes.length = 0;
  await ask({ op: "rest" });
  await ask({ op: "act", action: { do: "duty", duty: 0 } });
  units.closeAll();
  assertEquals(writes, ["pwm1/duty_cycle 1000000", "pwm1/duty_cycle 0", "pwm1/duty_cycle 1000000"]);
});

Deno.test("the files of a new channel are waited for until udev has handed them over, for a second", async () => {
  const late = fakeChip({ ours: 3 });
  await late.open({ frequency_hz: 1000 });
  assertEquals([late.pauses(), late.writes.at(-1)], [3, "pwm1/enable 1"]);
  const never = fakeChip({ ours: Infinity });
  const error = await assertRejects(() => never.open({ frequency_hz: 1000 }), DeviceError);
  assertMatch(error.message, /cannot set 1000 Hz on channel 1 of .*is it in the group gpio\?/);
  assertEquals([never.pauses(), never.writes], [100, ["export 1", "unexport 1"]]);
});

Deno.test("a channel that a host left behind is taken over, also with a shorter period", async () => {
  const { writes, open } = fakeChip({ exported: true, active: 900_000 });
  await open({ frequency_hz: 25_000 });
  assertEquals(writes.slice(0, 2), ["pwm1/duty_cycle 0", "pwm1/period 40000"]);
});

Deno.test("a channel that a driver of the kernel has is busy", async () => {
  const { writes, open } = fakeChip({ taken: true });
  const error = await assertRejects(() => open({ frequency_hz: 25_000 }), DeviceError);
  assertEquals([error.reason, writes], ["busy", []]);
});
