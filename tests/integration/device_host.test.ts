/** A device host as its own process, behind the kernel's walls; tests/hardware has it with a GPIO chip. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { readGpioOptions } from "../../protocol/devices/gpio.ts";
import { systemClock } from "../../runner/clock.ts";
import { startDeviceHost } from "../../runner/device_host.ts";
import { HostClient, type HostProcess } from "../../runner/devices/host_client.ts";
import { DeviceError } from "../../runner/devices/device_error.ts";
import { findWrappers } from "../../runner/process/wrapper.ts";
import { withFolder } from "../support/temp_folder.ts";
import { until } from "../support/until.ts";

const OPTIONS = readGpioOptions({});

Deno.test("a device host answers, knows whom it has granted what, and is started again when it has ended", async () => {
  await withFolder(async (workDir) => {
    const wrappers = await findWrappers({ deno: Deno.execPath(), workDir, walls: true });
    const started: HostProcess[] = [];
    let lost = 0;
    const host = new HostClient({
      start: async () => {
        const process = await startDeviceHost({ kind: "gpio", path: "/dev/null" }, {
          deno: Deno.execPath(),
          workDir,
          denoDir: `${workDir}/deno`,
          wrappers,
        });
        started.push(process);
        return process;
      },
      clock: systemClock,
      onEvent: () => {},
      onLost: () => lost++,
    });
    const refusal = async (request: Parameters<HostClient["request"]>[0]) =>
      await assertRejects(() => host.request(request), DeviceError);
    assertEquals(await host.request({ op: "grant", agent: "a", unit: 3 }), 0);
    const foreign = await refusal({ op: "open", agent: "b", unit: 3, options: OPTIONS });
    assertEquals([foreign.reason, foreign.message], ["not_granted", "unit 3 is not granted to 'b'"]);
    // /dev/null opens, and is no GPIO chip: ENOTTY.
    const own = await refusal({ op: "open", agent: "a", unit: 3, options: OPTIONS });
    assertMatch(own.message, /^cannot use line 3 of \/dev\/null: it is no device of this kind \(error 25/);
    // A frame that no runner writes ends this process, and nothing else; the next request starts another.
    started[0]?.send("no frame\n");
    await until("the loss is noticed", () => lost === 1);
    assertEquals(await host.request({ op: "grant", agent: "a", unit: 3 }), 0);
    assertEquals(started.length, 2);
    await host.close();
    assert(await assertRejects(() => host.request({ op: "grant", agent: "a", unit: 3 })));
  });
});

Deno.test("a PWM channel of a made-up /sys is driven from behind the walls, and is off when its host has ended", async () => {
  await withFolder(async (workDir) => {
    const chip = `${workDir}/sys/class/pwm/pwmchip0`;
    await Deno.mkdir(`${chip}/pwm1`, { recursive: true });
    const files = ["export", "unexport", "pwm1/period", "pwm1/duty_cycle", "pwm1/enable"];
    for (const file of files) await Deno.writeTextFile(`${chip}/${file}`, "");
    // A plain file keeps what was longer: the first line is what was written last.
    const lines = () =>
      Promise.all(files.map(async (file) => (await Deno.readTextFile(`${chip}/${file}`)).split("\n")[0]));
    const wrappers = await findWrappers({ deno: Deno.execPath(), workDir, walls: true });
    const parts = { deno: Deno.execPath(), workDir, denoDir: `${workDir}/deno`, wrappers };
    const host = new HostClient({
      start: () => startDeviceHost({ kind: "pwm", path: chip }, parts),
      clock: systemClock,
      onEvent: () => {},
      onLost: () => {},
    });
    const own = { agent: "fan", unit: 1 } as const;
    await host.request({ op: "grant", ...own });
    await host.request({ op: "open", ...own, options: { frequency_hz: 25_000, duty: 0.5, safe: 0 } });
    assertEquals(await lines(), ["1", "", "40000", "20000", "1"]);
    await host.close();
    assertEquals(await lines(), ["1", "1", "40000", "0", "0"]);
  });
});
