import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import type { NodeDevices } from "../../../../../protocol/devices/inventory.ts";
import { Places } from "../../../../../runner/devices/places.ts";
import { Sensors } from "../../../../../runner/devices/sensors.ts";
import { Inventory } from "../../../../../runner/node/reports/inventory.ts";
import { FakeClock } from "../../../../support/fake_clock.ts";
import { BOARD, type MadeUpSys, withSys } from "../../../../support/made_up_sys.ts";
import { config } from "../../../../support/fake_runtime.ts";
import { untilSettled } from "../../../../support/until.ts";

type Agent = { readonly name: string; readonly config: ReturnType<typeof config> };

function inventoryOf({ root }: MadeUpSys, agents: readonly Agent[] = [], busy: readonly string[] = []) {
  const clock = new FakeClock();
  const said: NodeDevices[] = [];
  const inventory = new Inventory({
    reporter: { nodeDevices: (devices) => void said.push(devices) },
    sensors: new Sensors(root, clock),
    places: new Places(root, join(root, "dev")),
    allowed: ["sensors"],
    isBusy: (path) => busy.includes(path),
    agents: () => agents,
    clock,
  });
  return { inventory, clock, said };
}

const agent = (name: string, devices: object): Agent => ({ name, config: config(name, { devices }) });

Deno.test("a node tells of its devices at the start, and again when one comes or goes, and at no other time", async () => {
  await withSys(BOARD, async (sys) => {
    const { inventory, clock, said } = inventoryOf(sys);
    const life = new AbortController();
    const running = inventory.run(life.signal);
    const looked = () => untilSettled("it has looked", () => clock.pendingMs.length === 1);
    const again = async () => {
      await looked();
      await clock.advance(10_000);
      await looked();
    };
    await looked();
    assertEquals(said.map(({ sensors }) => sensors.length), [9]);
    await again();
    assertEquals(said.length, 1);
    await sys.set({ "bus/w1/devices/28-0316a2795fff": undefined });
    await again();
    assertEquals(said.map(({ sensors }) => sensors.some(({ id }) => id.startsWith("w1/"))), [true, false]);
    await sys.set({ "class/tty/ttyUSB0/device/driver": "" });
    await again();
    assertEquals(said.map(({ serial }) => serial.length), [0, 0, 1]);
    life.abort();
    await running;
  });
});

Deno.test("lines and addresses are told with the agents that have them", async () => {
  const files = {
    "bus/gpio/devices/gpiochip0/of_node/gpio-line-names": "GPIO0\0GPIO1\0",
    "class/i2c-dev/i2c-1/dev": "89:1\n",
    "dev/gpiochip0": "",
    "dev/i2c-1": "",
  };
  await withSys(files, async (sys) => {
    const agents = [
      agent("lamp", { gpio: ["GPIO1"] }),
      agent("button", { gpio: ["gpiochip0:3", "GPIO9"], i2c: ["1:0x76", "2:0x10"] }),
    ];
    const { gpio, i2c } = await inventoryOf(sys, agents).inventory.take();
    assertEquals(gpio, [
      { chip: "gpiochip0", names: ["GPIO0", "GPIO1"], holders: { "1": "lamp", "3": "button" } },
    ]);
    assertEquals(i2c, [{ bus: 1, name: "", drivers: {}, holders: { "0x76": "button" } }]);
  });
});

Deno.test("a port is told with its agent, and that another program had it open", async () => {
  const path = "/dev/ttyUSB9";
  const clock = new FakeClock();
  const inventory = new Inventory({
    reporter: { nodeDevices: () => {} },
    sensors: new Sensors("/nonexistent", clock),
    places: {
      list: () =>
        Promise.resolve({ board: "", gpio: [], i2c: [], spi: [], pwm: [], serial: [{ path, links: [] }] }),
      find: (kind) => Promise.resolve({ kind, path, unit: 0, plugged: "" }),
    },
    allowed: [],
    isBusy: (busy) => busy === path,
    agents: () => [agent("meter", { serial: [path] })],
    clock,
  });
  assertEquals((await inventory.take()).serial, [
    { path, links: [], holder: "meter", problem: { code: "busy" } },
  ]);
});

Deno.test("a new holder is told at once, several of them together, and what holds nothing is none", async () => {
  await withSys({ "class/i2c-dev/i2c-1/dev": "89:1\n" }, async (sys) => {
    const agents = [agent("plain", {})];
    const { inventory, clock, said } = inventoryOf(sys, agents);
    const life = new AbortController();
    const running = inventory.run(life.signal);
    const pends = (ms: number) => untilSettled(`it waits ${ms} ms`, () => clock.pendingMs[0] === ms);
    const holders = () => said.map(({ i2c }) => i2c[0]?.holders);
    const come = (name: string, devices: object) => {
      const one = agent(name, devices);
      agents.push(one);
      inventory.changed(one);
    };
    await pends(1000);
    await clock.advance(1000);
    await pends(9000);
    come("other", { sensors: ["temperature"] });
    await pends(9000);
    come("weather", { i2c: ["1:0x76"] });
    await pends(1000);
    assertEquals(holders(), [{}, { "0x76": "weather" }]);
    come("a", { i2c: ["1:0x40"] });
    come("b", { i2c: ["1:0x41"] });
    await clock.advance(999);
    assertEquals(said.length, 2);
    await clock.advance(1);
    await pends(1000);
    assertEquals(holders().at(-1), { "0x40": "a", "0x41": "b", "0x76": "weather" });
    life.abort();
    await running;
  });
});
