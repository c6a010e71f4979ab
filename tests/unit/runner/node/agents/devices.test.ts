import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { type Devices, forEachKind } from "../../../../../protocol/devices/devices.ts";
import { readGpioOptions } from "../../../../../protocol/devices/gpio.ts";
import type { DeviceRequest } from "../../../../../protocol/devices/requests.ts";
import { DeviceDesk } from "../../../../../runner/node/agents/devices.ts";
import { DeviceError } from "../../../../../runner/devices/device_error.ts";
import { Sensors } from "../../../../../runner/devices/sensors.ts";
import { OpenDevices } from "../../../../../runner/devices/open_devices.ts";
import { Places } from "../../../../../runner/devices/places.ts";
import type { HostFrame } from "../../../../../runner/devices/host/frames.ts";
import type { SupervisedAgent } from "../../../../../runner/supervisor/supervised_agent.ts";
import { type FakeHost, fakeHost } from "../../../../support/fake_host.ts";
import { fakeAgent } from "../../../../support/fake_agent.ts";
import { FakeClock } from "../../../../support/fake_clock.ts";
import { config } from "../../../../support/fake_runtime.ts";
import { BOARD, type MadeUpSys, withSys } from "../../../../support/made_up_sys.ts";

/** What is plugged in beside the sensors. */
const PLUGGED = {
  "bus/gpio/devices/gpiochip0/of_node/gpio-line-names": "GPIO0\0GPIO1\0",
  "bus/gpio/devices/gpiochip1/dev": "254:1\n",
  "class/i2c-dev/i2c-1/dev": "89:1\n",
  "bus/i2c/devices/i2c-1/name": "bcm2835\n",
};

type Ask = (
  asked: readonly string[],
  request: DeviceRequest,
  allowed?: readonly string[],
) => Promise<unknown>;

async function withDesk(
  work: (
    here: {
      ask: Ask;
      desk: DeviceDesk;
      denied: string[];
      agents: SupervisedAgent[];
      asked: HostFrame[];
      host: FakeHost;
      sys: MadeUpSys;
    },
  ) => Promise<void>,
): Promise<void> {
  await withSys({ ...BOARD, ...PLUGGED }, async (sys) => {
    const { root } = sys;
    const denied: string[] = [];
    const agents: SupervisedAgent[] = [];
    const host = fakeHost();
    const everything = forEachKind(() => ["*"]);
    const policy: { devices: Devices } = { devices: everything };
    const desk = new DeviceDesk({
      sensors: new Sensors(root, new FakeClock()),
      open: new OpenDevices({
        clock: new FakeClock(),
        startHost: () => Promise.resolve(host),
        onProblem: () => {},
      }),
      places: new Places(root, join(root, "dev")),
      agents: () => agents,
      allowed: () => policy.devices,
      onDenied: ({ name }, kind, what) => denied.push(`${name} ${kind} ${what}`),
    });
    const ask: Ask = async (sensors, request, allowed = ["*"]) => {
      policy.devices = { ...everything, sensors: allowed };
      const { agent, sent } = fakeAgent("a", { devices: { sensors } });
      await desk.handle(agent, { t: "device", id: 7, request });
      return sent[0];
    };
    await work({ ask, desk, denied, agents, asked: host.asked, host, sys });
  });
}

Deno.test("an agent sees and reads the sensors that it asks for, and no others", async () => {
  await withDesk(async ({ ask, denied }) => {
    const frame = await ask(["humidity", "w1/28-0316a2795fff"], { op: "sensors" });
    const { id, value } = frame as { id: number; value: { id: string }[] };
    assertEquals([id, value.map((sensor) => sensor.id)], [
      7,
      ["iio/dht11@4/humidityrelative", "w1/28-0316a2795fff"],
    ]);
    assertEquals(Object.keys(value[0] ?? {}), ["id", "kind", "unit", "name", "of", "failures"]);
    const reading = await ask(["w1/28-0316a2795fff"], { op: "read", sensor: "temperature" });
    assertEquals((reading as { value: { value: number } }).value.value, 23.125);
    for (const sensor of ["power", "hwmon/1-0048/temp1", "../../../etc/passwd"]) {
      const refused = await ask(["humidity"], { op: "read", sensor });
      const { error } = refused as { error: { code: string; message: string } };
      assertEquals(error.code, "not_granted");
      assertStringIncludes(error.message, `add "devices": {"sensors": ["${sensor}"]}`);
    }
    assertEquals(denied, [
      "a sensors power",
      "a sensors hwmon/1-0048/temp1",
      "a sensors ../../../etc/passwd",
    ]);
  });
});

Deno.test("a policy that has become stricter holds for agents that run already", async () => {
  await withDesk(async ({ ask }) => {
    assertEquals(await ask(["power"], { op: "sensors" }, ["temperature"]), { t: "device", id: 7, value: [] });
  });
});

Deno.test("a sensor that was asked for and is not there is said to be missing", async () => {
  await withDesk(async ({ ask, desk }) => {
    const frame = await ask(["light"], { op: "read", sensor: "light" });
    assertEquals((frame as { error: { code: string } }).error.code, "not_found");
    assertStringIncludes(
      String(await desk.missing(config("a", { devices: { sensors: ["temperature", "light"] } }))),
      "devices.sensors 'light': there is no such sensor; it has humidity (iio/dht11@4/humidityrelative)",
    );
    assertEquals(await desk.missing(config("a", { devices: { sensors: ["temperature"] } })), undefined);
    assertEquals(await desk.missing(config("a")), undefined);
  });
});

Deno.test("an agent has 64 requests at the same time, and the next is refused at once", async () => {
  await withDesk(async ({ desk }) => {
    const { agent, sent } = fakeAgent("a", { devices: { sensors: ["temperature"] } });
    const all = Array.from(
      { length: 65 },
      (_, id) => desk.handle(agent, { t: "device", id, request: { op: "sensors" } }),
    );
    const [first] = sent;
    assertEquals(first, {
      t: "device",
      id: 64,
      error: { code: "busy", message: "more than 64 requests at the same time" },
    });
    await Promise.all(all);
    await desk.handle(agent, { t: "device", id: 65, request: { op: "sensors" } });
    assertEquals(sent.length, 66);
  });
});

Deno.test("an answer never reaches a later process of the agent", async () => {
  await withDesk(async ({ desk }) => {
    const { agent, sent } = fakeAgent("a", { devices: { sensors: ["temperature"] } });
    const process = agent as { pid?: number };
    process.pid = 1;
    const answering = desk.handle(agent, { t: "device", id: 1, request: { op: "sensors" } });
    process.pid = 2;
    await answering;
    assertEquals(sent, []);
  });
});

const LINE = {
  op: "open",
  kind: "gpio",
  entry: "GPIO1",
  options: readGpioOptions({ direction: "out", safe: 1 }),
} as const;

Deno.test("an agent opens the lines that it asks for, and no others", async () => {
  await withDesk(async ({ desk, denied, asked }) => {
    const { agent, sent } = fakeAgent("a", { devices: { gpio: ["GPIO1"] } });
    Object.assign(agent, { pid: 1, state: { paused: false } });
    await desk.handle(agent, { t: "device", id: 1, request: LINE });
    assertEquals(sent, [{ t: "device", id: 1, value: 1 }]);
    assertEquals(asked.map(({ op, unit }) => [op, unit]), [["grant", 1], ["open", 1]]);
    for (const entry of ["GPIO0", "gpiochip0:1", "../mem"]) {
      await desk.handle(agent, { t: "device", id: 2, request: { ...LINE, entry } });
    }
    const codes = sent.slice(1).map((frame) => (frame as { error?: { code: string } }).error?.code);
    assertEquals(codes, ["not_granted", "not_granted", "not_granted"]);
    assertEquals(denied, ["a gpio GPIO0", "a gpio gpiochip0:1", "a gpio ../mem"]);
    assertEquals(asked.length, 2);
  });
});

Deno.test("a line belongs to one agent, by whatever name it is called, and a second is told who has it", async () => {
  await withDesk(async ({ desk, agents }) => {
    agents.push(fakeAgent("first", { devices: { gpio: ["GPIO1"] } }).agent);
    const missing = (name: string, gpio: string[]) => desk.missing(config(name, { devices: { gpio } }));
    assertEquals(
      await missing("second", ["GPIO0", "gpiochip0:1"]),
      "devices.gpio 'gpiochip0:1': agent 'first' has the line",
    );
    assertEquals(await missing("first", ["GPIO1"]), undefined);
    assertEquals(await missing("second", ["GPIO0", "gpiochip1:1"]), undefined);
    assertEquals(
      await missing("second", ["GPIO9"]),
      "devices.gpio 'GPIO9': there is no such line; gpiochip0, gpiochip1 has GPIO0, GPIO1",
    );
  });
});

const SENSOR = { op: "open", kind: "i2c", entry: "1:0x76", options: {} } as const;

Deno.test("an address on a bus is opened by the agent that asks for it", async () => {
  await withDesk(async ({ desk, denied, asked, agents }) => {
    const { agent, sent } = fakeAgent("a", { devices: { i2c: ["1:0x76"] } });
    Object.assign(agent, { pid: 1, state: { paused: false } });
    await desk.handle(agent, { t: "device", id: 1, request: SENSOR });
    assertEquals(sent, [{ t: "device", id: 1, value: 1 }]);
    assertEquals(asked.map(({ op, unit }) => [op, unit]), [["grant", 0x76], ["open", 0x76]]);
    for (const entry of ["1:0x77", "1:0x076", "01:0x76", "../mem"]) {
      await desk.handle(agent, { t: "device", id: 2, request: { ...SENSOR, entry } });
    }
    assertEquals([denied.length, asked.length], [4, 2]);
    agents.push(agent);
    const other = config("b", { devices: { i2c: ["1:0x76"] } });
    assertEquals(await desk.missing(other), "devices.i2c '1:0x76': agent 'a' has the address");
  });
});

Deno.test("an address that a driver of the kernel has is read as its sensor", async () => {
  await withDesk(async ({ desk, sys }) => {
    await sys.set({ "bus/i2c/devices/1-0048/name": "lm75\n", "bus/i2c/drivers/lm75/x": "" });
    await sys.link("bus/i2c/devices/1-0048/driver", "bus/i2c/drivers/lm75");
    const missing = (i2c: string[]) => desk.missing(config("a", { devices: { i2c } }));
    assertStringIncludes(
      String(await missing(["1:0x48"])),
      "devices.i2c '1:0x48': the kernel's driver lm75 has the address: read its sensor",
    );
    assertEquals(await missing(["1:0x49"]), undefined);
    assertEquals(
      await missing(["2:0x49"]),
      "devices.i2c '2:0x49': there is no such bus; it has 1 (bcm2835)",
    );
  });
});

Deno.test("a device that is another one by the time it is open is closed again", async () => {
  await withDesk(async ({ desk, asked, host, sys }) => {
    await sys.set({ "dev/i2c-1": "" });
    const isOpening = Promise.withResolvers<number>();
    const { answer } = host;
    host.answer = (frame) => frame.op === "open" ? void isOpening.resolve(frame.id) : answer(frame);
    const { agent, sent } = fakeAgent("a", { devices: { i2c: ["1:0x76"] } });
    Object.assign(agent, { pid: 1, state: { paused: false } });
    const opening = desk.handle(agent, { t: "device", id: 1, request: SENSOR });
    const id = await isOpening.promise;
    // The new one has another inode as long as the old one is there.
    await sys.set({ "dev/other": "" });
    await Deno.rename(join(sys.root, "dev/other"), join(sys.root, "dev/i2c-1"));
    host.says({ id, value: 0 });
    await opening;
    assertEquals((sent[0] as { error?: { code: string } }).error?.code, "not_found");
    assertEquals(asked.at(-1)?.op, "close");
  });
});

Deno.test("a port that another program has is remembered as busy until it opens", async () => {
  const path = "/dev/ttyUSB0";
  let isBusy = true;
  const desk = new DeviceDesk({
    sensors: new Sensors("/nonexistent", new FakeClock()),
    open: {
      open: () =>
        isBusy ? Promise.reject(new DeviceError("busy", "another program has it")) : Promise.resolve(1),
      act: () => Promise.resolve(0),
      close: () => Promise.resolve(),
      paused: () => {},
      exited: () => {},
    },
    places: { find: (kind) => Promise.resolve({ kind, path, unit: 0, plugged: "1" }) },
    agents: () => [],
    allowed: () => forEachKind(() => ["*"]),
    onDenied: () => {},
  });
  const open = async () => {
    const { agent, sent } = fakeAgent("meter", { devices: { serial: [path] } });
    const request = { op: "open", kind: "serial", entry: path, options: { baudRate: 9600 } } as DeviceRequest;
    await desk.handle(agent, { t: "device", id: 1, request });
    return sent[0];
  };
  assertEquals(desk.isBusy(path), false);
  assertEquals(await open(), {
    t: "device",
    id: 1,
    error: { code: "busy", message: "another program has it" },
  });
  assertEquals(desk.isBusy(path), true);
  isBusy = false;
  assertEquals(await open(), { t: "device", id: 1, value: 1 });
  assertEquals(desk.isBusy(path), false);
});
