import { assertEquals } from "@std/assert";
import { Sensors } from "../../../../../runner/devices/sensors.ts";
import { heldChips, Inventory } from "../../../../../runner/node/reports/inventory.ts";
import type { Reporter } from "../../../../../runner/node/reports/reporter.ts";
import { FakeClock } from "../../../../support/fake_clock.ts";
import { BOARD, withSys } from "../../../../support/made_up_sys.ts";
import { config } from "../../../../support/fake_runtime.ts";
import { untilSettled } from "../../../../support/until.ts";

Deno.test("a node tells of its sensors at the start, and again when one comes or goes, and at no other time", async () => {
  await withSys(BOARD, async ({ root, set }) => {
    const clock = new FakeClock();
    const said: string[][] = [];
    const reporter: Pick<Reporter, "nodeDevices"> = {
      nodeDevices: ({ sensors, gpio }) => {
        said.push(sensors.map(({ id }) => id));
        assertEquals(gpio.map(({ problem }) => problem), ["user 1000 may not open /dev/gpiochip0"]);
      },
    };
    const life = new AbortController();
    const running = new Inventory({
      reporter,
      sensors: new Sensors(root, clock),
      chips: () => Promise.resolve([{ chip: "gpiochip0", names: [] }]),
      chipProblem: () => Promise.resolve("user 1000 may not open /dev/gpiochip0"),
      agents: () => [],
      clock,
    }).run(life.signal);
    const looked = () => untilSettled("it has looked", () => clock.pendingMs.length === 1);
    const again = async () => {
      await looked();
      await clock.advance(10_000);
      await looked();
    };
    await looked();
    assertEquals(said.map((ids) => ids.length), [9]);
    await again();
    assertEquals(said.length, 1);
    await set({ "bus/w1/devices/28-0316a2795fff": undefined });
    await again();
    assertEquals(said.map((ids) => ids.includes("w1/28-0316a2795fff")), [true, false]);
    life.abort();
    await running;
  });
});

Deno.test("the lines of a chip are told with the agents that have them", () => {
  const chips = [{ chip: "gpiochip0", names: ["GPIO0", "GPIO1"] }];
  const agent = (name: string, gpio: string[]) => ({ name, config: config(name, { devices: { gpio } }) });
  assertEquals(heldChips(chips, [agent("lamp", ["GPIO1"]), agent("button", ["gpiochip0:3", "GPIO9"])]), [
    { chip: "gpiochip0", names: ["GPIO0", "GPIO1"], holders: { "1": "lamp", "3": "button" } },
  ]);
});
