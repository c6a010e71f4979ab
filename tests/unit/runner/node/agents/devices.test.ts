import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Devices } from "../../../../../protocol/devices/devices.ts";
import type { DeviceRequest } from "../../../../../protocol/devices/requests.ts";
import { DeviceDesk } from "../../../../../runner/node/agents/devices.ts";
import { Sensors } from "../../../../../runner/devices/sensors.ts";
import { fakeAgent } from "../../../../support/fake_agent.ts";
import { FakeClock } from "../../../../support/fake_clock.ts";
import { config } from "../../../../support/fake_runtime.ts";
import { BOARD, withSys } from "../../../../support/made_up_sys.ts";

type Ask = (
  asked: readonly string[],
  request: DeviceRequest,
  allowed?: readonly string[],
) => Promise<unknown>;

async function withDesk(
  work: (here: { ask: Ask; desk: DeviceDesk; denied: string[] }) => Promise<void>,
): Promise<void> {
  await withSys(BOARD, async ({ root }) => {
    const denied: string[] = [];
    const policy: { devices: Devices } = { devices: { sensors: [] } };
    const desk = new DeviceDesk({
      sensors: new Sensors(root, new FakeClock()),
      allowed: () => policy.devices,
      onDenied: ({ name }, kind, what) => denied.push(`${name} ${kind} ${what}`),
    });
    const ask: Ask = async (sensors, request, allowed = ["*"]) => {
      policy.devices = { sensors: allowed };
      const { agent, sent } = fakeAgent("a", { devices: { sensors } });
      await desk.handle(agent, { t: "device", id: 7, request });
      return sent[0];
    };
    await work({ ask, desk, denied });
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
