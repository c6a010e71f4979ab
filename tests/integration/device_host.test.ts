/** A device host as its own process, behind the kernel's walls; tests/hardware has it with a GPIO chip. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { readGpioOptions } from "../../protocol/devices/gpio.ts";
import { systemClock } from "../../runner/clock.ts";
import { startDeviceHost } from "../../runner/device_host.ts";
import { ChipHost, type HostProcess } from "../../runner/devices/chip_host.ts";
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
    const host = new ChipHost({
      start: async () => {
        const process = await startDeviceHost("/dev/null", {
          deno: Deno.execPath(),
          workDir,
          denoDir: `${workDir}/deno`,
          wrappers,
        });
        started.push(process);
        return process;
      },
      clock: systemClock,
      onEdges: () => {},
      onLost: () => lost++,
    });
    const refusal = async (request: Parameters<ChipHost["request"]>[0]) =>
      await assertRejects(() => host.request(request), DeviceError);
    assertEquals(await host.request({ op: "grant", agent: "a", offset: 3 }), 0);
    const foreign = await refusal({ op: "open", agent: "b", offset: 3, options: OPTIONS });
    assertEquals([foreign.reason, foreign.message], ["not_granted", "line 3 is not granted to 'b'"]);
    // /dev/null opens, and is no GPIO chip: ENOTTY.
    const own = await refusal({ op: "open", agent: "a", offset: 3, options: OPTIONS });
    assertMatch(own.message, /^cannot use line 3 of \/dev\/null: error 25/);
    // A frame that no runner writes ends this process, and nothing else; the next request starts another.
    started[0]?.send("no frame\n");
    await until("the loss is noticed", () => lost === 1);
    assertEquals(await host.request({ op: "grant", agent: "a", offset: 3 }), 0);
    assertEquals(started.length, 2);
    await host.close();
    assert(await assertRejects(() => host.request({ op: "grant", agent: "a", offset: 3 })));
  });
});
