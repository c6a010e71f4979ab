/** Every example keeps its promise when it is spawned on a real node as it lies there. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { actorId } from "../../protocol/ids.ts";
import { startEmbedded } from "../support/brokers.ts";
import { Bus, type Message } from "../support/bus.ts";
import { NodeProcess } from "../support/node_process.ts";

const EXAMPLES = new URL("../../agents/examples/", import.meta.url);

/** A broker, a node and a client. */
class Stage implements AsyncDisposable {
  private constructor(
    readonly bus: Bus,
    readonly node: NodeProcess,
    private readonly parts: AsyncDisposableStack,
  ) {}

  static async open(): Promise<Stage> {
    await using parts = new AsyncDisposableStack();
    const broker = parts.use(await startEmbedded());
    const bus = parts.use(await Bus.connect(broker.port));
    const node = parts.use(await NodeProcess.start({ port: broker.port }));
    await bus.on("nodes/test-node/heartbeat");
    return new Stage(bus, node, parts.move());
  }

  /** Spawns the example, and waits until its `setup()` has returned. */
  async spawn(name: string, config: Record<string, unknown> = {}, extension = "ts"): Promise<void> {
    const from = this.bus.mark();
    const code = await Deno.readTextFile(new URL(`${name}.${extension}`, EXAMPLES));
    const node = this.node.name;
    await this.bus.publish(`nodes/${node}/spawn`, { name, node, code, poll_interval: 0.05, ...config });
    const topic = `agents/${actorId(name)}/manifest`;
    // The first agent in Python fetches its interpreter.
    await this.bus.find(topic, (message) => message.topic === topic && message.text !== "", from, 240_000);
  }

  /** The next message on `topic` after `action`. */
  async after(action: () => Promise<void>, topic: string): Promise<Message> {
    const from = this.bus.mark();
    await action();
    return await this.bus.on(topic, undefined, from);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.parts.disposeAsync();
  }
}

const about = (name: string, report: string) => `agents/${actorId(name)}/${report}`;
const task = (payload: unknown) => ({ _remote_task: true, payload });

Deno.test("every example is spawned by a test of this file", async () => {
  const entries = await Array.fromAsync(Deno.readDir(EXAMPLES), (entry) => entry.name);
  assertEquals(entries.sort(), [
    "calculator.ts",
    "caller.ts",
    "counter.ts",
    "daylight.ts",
    "running_mean.py",
    "temperature_sensor.py",
    "temperature_sensor.ts",
    "threshold_alert.ts",
  ]);
});

Deno.test("temperature_sensor publishes plausible readings and logs them", async () => {
  await using stage = await Stage.open();
  await stage.spawn("temperature_sensor");
  const { json } = await stage.bus.on("sensors/temperature");
  assertEquals([typeof json.value, json.unit, json.node], ["number", "C", "test-node"]);
  assertEquals(json.value >= 18 && json.value <= 22, true);
  await stage.bus.on(
    about("temperature_sensor", "logs"),
    (m) => m.json.message === "DHT22 sensor agent ready",
  );
  const log = await stage.bus.on(about("temperature_sensor", "logs"), (m) => /^Temp/.test(m.json.message));
  assertMatch(log.json.message, /^Temperature: [\d.]+C$/);
});

Deno.test("calculator answers tasks, echoes what is none, and says what it cannot do", async () => {
  await using stage = await Stage.open();
  await stage.spawn("calculator");
  const ask = async (payload: unknown) =>
    (await stage.bus.ask("agents/by-name/calculator/task", task(payload))).json;
  assertEquals(await ask({ op: "add", a: 2, b: 3 }), { result: 5 });
  assertEquals(await ask({ op: "divide", a: 1, b: 4 }), { result: 0.25 });
  assertEquals(await ask({ hello: "world" }), { echo: { hello: "world" } });
  assertEquals(await ask({ op: "root", a: 2 }), {
    error: "op must be one of add, subtract, multiply, divide",
    error_phase: "handle_task",
    agent: "calculator",
  });
});

Deno.test("threshold_alert raises one alert when a value leaves its range, and one when it is back", async () => {
  await using stage = await Stage.open();
  await stage.spawn("threshold_alert");
  const alerts = about("threshold_alert", "alert");
  for (const value of [20, 31.5, 33, 29.5, 30.5, 21]) {
    await stage.bus.publish("sensors/temperature", { value, unit: "C" });
  }
  await stage.bus.on(alerts, (message) => message.json.severity === "info");
  assertEquals(stage.bus.all(alerts).map(({ json }) => [json.severity, json.message]), [
    ["error", "sensors/temperature is 31.5: above 30"],
    ["info", "sensors/temperature is 21: back to normal"],
  ]);
  await stage.bus.on(
    about("threshold_alert", "heartbeat"),
    (message) => message.json.task === "watching sensors/temperature",
  );
});

Deno.test("counter goes on where it was after a stop and a new spawn", async () => {
  await using stage = await Stage.open();
  await stage.spawn("counter");
  await stage.bus.on("counters/counter", (message) => message.json.count >= 3);
  await stage.bus.publish("nodes/test-node/stop", { name: "counter" });
  await stage.bus.on(about("counter", "heartbeat"), (message) => message.json.state === "stopped");
  const last = stage.bus.all("counters/counter").at(-1)?.json.count;
  const first = await stage.after(() => stage.spawn("counter"), "counters/counter");
  assertEquals(first.json, { count: last + 1, since_start: 1 });
  await stage.bus.on(
    about("counter", "logs"),
    (m) => m.json.message === `Start number 2; the count is at ${last}`,
  );
});

Deno.test("caller publishes what another agent has answered", async () => {
  await using stage = await Stage.open();
  await stage.spawn("calculator");
  await stage.spawn("caller");
  const { json } = await stage.bus.on(about("caller", "results"));
  assertEquals(json.result, { question: { op: "multiply", a: 6, b: 7 }, answer: 42 });
});

Deno.test("daylight works with the package that it has installed", async () => {
  await using stage = await Stage.open();
  await stage.spawn("daylight", { install: ["npm:suncalc@2"] });
  const { json } = await stage.bus.on("daylight");
  assertEquals(json, { day: json.altitude > 0, altitude: json.altitude, unit: "deg" });
  assert(Math.abs(json.altitude) <= 62, `the sun over Berlin cannot stand at ${json.altitude}°`);
});

Deno.test("temperature_sensor.py publishes a reading and a line of its log", async () => {
  await using stage = await Stage.open();
  const from = stage.bus.mark();
  await stage.spawn("temperature_sensor", {}, "py");
  const { json } = await stage.bus.on("sensors/temperature", undefined, from);
  assert(json.value >= 18 && json.value <= 22);
  assertEquals([json.unit, json.node], ["C", "test-node"]);
  await stage.bus.on(
    about("temperature_sensor", "logs"),
    (message) => message.json?.message === `Temperature: ${json.value.toFixed(1)}C`,
    from,
  );
});

Deno.test("running_mean.py keeps the mean of each topic, and says what is no reading", async () => {
  await using stage = await Stage.open();
  await stage.spawn("running_mean", {}, "py");
  for (const value of [1, 2, 6]) await stage.bus.publish("sensors/a", { value });
  await stage.bus.publish("sensors/b", "nonsense");
  await stage.bus.on(
    about("running_mean", "logs"),
    ({ json }) => json.message === "no reading on sensors/b: 'nonsense'",
  );
  const { json } = await stage.bus.ask("agents/by-name/running_mean/task", {
    payload: { topic: "sensors/a" },
  });
  assertEquals(json, { count: 3, mean: 3 });
});
