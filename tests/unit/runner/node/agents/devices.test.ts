import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Devices } from "../../../../../protocol/devices/devices.ts";
import { readGpioOptions } from "../../../../../protocol/devices/gpio.ts";
import type { DeviceRequest } from "../../../../../protocol/devices/requests.ts";
import { DeviceDesk } from "../../../../../runner/node/agents/devices.ts";
import { Sensors } from "../../../../../runner/devices/sensors.ts";
import { Gpio } from "../../../../../runner/devices/gpio.ts";
import type { HostFrame } from "../../../../../runner/devices/host/frames.ts";
import type { SupervisedAgent } from "../../../../../runner/supervisor/supervised_agent.ts";
import { fakeHost } from "../../../../support/fake_host.ts";
import { fakeAgent } from "../../../../support/fake_agent.ts";
import { FakeClock } from "../../../../support/fake_clock.ts";
import { config } from "../../../../support/fake_runtime.ts";
import { BOARD, withSys } from "../../../../support/made_up_sys.ts";

const CHIPS = [{ chip: "gpiochip0", names: ["GPIO0", "GPIO1"] }, { chip: "gpiochip1", names: [] }];

type Ask = (
  asked: readonly string[],
  request: DeviceRequest,
  allowed?: readonly string[],
) => Promise<unknown>;

async function withDesk(
  work: (
    here: { ask: Ask; desk: DeviceDesk; denied: string[]; agents: SupervisedAgent[]; asked: HostFrame[] },
  ) => Promise<void>,
): Promise<void> {
  await withSys(BOARD, async ({ root }) => {
    const denied: string[] = [];
    const agents: SupervisedAgent[] = [];
    const host = fakeHost();
    const policy: { devices: Devices } = { devices: { gpio: ["*"], sensors: [] } };
    const desk = new DeviceDesk({
      sensors: new Sensors(root, new FakeClock()),
      gpio: new Gpio({ clock: new FakeClock(), startHost: () => Promise.resolve(host), onProblem: () => {} }),
      chips: () => Promise.resolve(CHIPS),
      agents: () => agents,
      allowed: () => policy.devices,
      onDenied: ({ name }, kind, what) => denied.push(`${name} ${kind} ${what}`),
    });
    const ask: Ask = async (sensors, request, allowed = ["*"]) => {
      policy.devices = { gpio: ["*"], sensors: allowed };
      const { agent, sent } = fakeAgent("a", { devices: { sensors } });
      await desk.handle(agent, { t: "device", id: 7, request });
      return sent[0];
    };
    await work({ ask, desk, denied, agents, asked: host.asked });
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
  op: "gpio_open",
  line: "GPIO1",
  options: readGpioOptions({ direction: "out", safe: 1 }),
} as const;

Deno.test("an agent opens the lines that it asks for, and no others", async () => {
  await withDesk(async ({ desk, denied, asked }) => {
    const { agent, sent } = fakeAgent("a", { devices: { gpio: ["GPIO1"] } });
    Object.assign(agent, { pid: 1, state: { paused: false } });
    await desk.handle(agent, { t: "device", id: 1, request: LINE });
    assertEquals(sent, [{ t: "device", id: 1, value: 1 }]);
    assertEquals(asked.map(({ op, offset }) => [op, offset]), [["grant", 1], ["open", 1]]);
    for (const line of ["GPIO0", "gpiochip0:1", "../mem"]) {
      await desk.handle(agent, { t: "device", id: 2, request: { ...LINE, line } });
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
