import { assertEquals } from "@std/assert";
import { Sensors } from "../../../../../runner/devices/sensors.ts";
import { Inventory } from "../../../../../runner/node/reports/inventory.ts";
import { FakeClock } from "../../../../support/fake_clock.ts";
import { BOARD, withSys } from "../../../../support/made_up_sys.ts";
import { untilSettled } from "../../../../support/until.ts";

Deno.test("a node tells of its sensors at the start, and again when one comes or goes, and at no other time", async () => {
  await withSys(BOARD, async ({ root, set }) => {
    const clock = new FakeClock();
    const said: string[][] = [];
    const reporter = {
      nodeDevices: (all: readonly { id: string }[]) => void said.push(all.map(({ id }) => id)),
    };
    const life = new AbortController();
    const running = new Inventory({ reporter, sensors: new Sensors(root, clock), clock }).run(life.signal);
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
