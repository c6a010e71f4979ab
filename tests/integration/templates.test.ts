/** Every template does what it says on a real node, with what the node's policy grants. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { configFromTemplate, TEMPLATES } from "../../operator/templates/catalog.ts";
import { actorId } from "../../protocol/ids.ts";
import { topics } from "../../protocol/topics.ts";
import { startEmbedded } from "../support/brokers.ts";
import { Bus, type Message } from "../support/bus.ts";
import { BOARD, withSys } from "../support/made_up_sys.ts";
import { type Policed, policed } from "../support/policed.ts";
import { openPty, type Pty } from "../support/pty.ts";
import { until } from "../support/until.ts";

const POLICY = {
  permissions: {
    read: ["{dir}"],
    sys: ["cpus", "loadavg", "systemMemoryInfo"],
    net: ["127.0.0.1"],
  },
};

type Given = Readonly<Record<string, unknown>>;

/** Spawns an agent of the template, under its name, and waits until its `setup()` has returned. */
async function start({ ask, bus }: Policed, template: string, given: Given): Promise<void> {
  const from = bus.mark();
  const config = configFromTemplate(template, given);
  // Polls at the test's pace.
  const { ok, error } = await ask({ name: template, ...config, poll_interval: 0.05 });
  assertEquals([ok, error], [true, undefined]);
  const { topic, text } = await bus.find(
    `manifest or end of ${template}`,
    ({ topic, json }) => isAbout(template, topic, "manifest") || json?.severity === "fatal",
    from,
  );
  assert(isAbout(template, topic, "manifest"), text);
}

const isAbout = (name: string, topic: string, report: string) =>
  topic === `agents/${actorId(name)}/${report}`;
const alertOf = ({ bus }: Policed, name: string, pattern: RegExp) =>
  bus.on(`agents/${actorId(name)}/alert`, ({ json }) => pattern.test(json.message));
const task = async ({ bus }: Policed, name: string): Promise<Message["json"]> =>
  (await bus.ask(`agents/by-name/${name}/task`, { _remote_task: true, payload: {} })).json;

type Law = (here: Policed, port: Pty) => Promise<void>;

const LAWS: Readonly<Record<string, Law>> = {
  async temperature(here) {
    await start(here, "temperature", { offset: 0.5, topic: "t/room" });
    const { json } = await here.bus.on("t/room");
    const sensor = "iio/dht11@4/temp";
    assertEquals(json, { value: 21.9, unit: "C", sensor, node: here.node.name });
    const { json: reading } = await here.bus.on(topics.reading(actorId("temperature"), "temperature"));
    assertEquals([reading.value, reading.unit], [21.9, "°C"]);
    assertEquals(await task(here, "temperature"), { value: 21.9, unit: "C", sensor });
  },
  async humidity(here) {
    await start(here, "humidity", { simulate: true });
    const { json } = await here.bus.on("sensors/humidity");
    assertEquals([json.unit, json.simulated, json.node], ["%", true, here.node.name]);
    assert(json.value > 0 && json.value < 100, `the reading is ${json.value}`);
  },
  async door(here) {
    // On a real line: tests/hardware.
    await start(here, "door", { simulate: true });
    const { json } = await here.bus.on("sensors/door");
    assertEquals([json.open, json.simulated, json.node], [false, true, here.node.name]);
    await here.bus.on("sensors/door", ({ json }) => json.open);
    assertEquals(typeof (await task(here, "door")).open, "boolean");
  },
  async relay(here) {
    // On a real line: tests/hardware has the like.
    await start(here, "relay", { simulate: true, name: "lamp", safe_on: true });
    const lamp = topics.switchState(actorId("relay"), "lamp");
    await here.bus.on(lamp, ({ json }) => json.on === true);
    await here.bus.publish(topics.task("relay"), { switch: "lamp", on: false });
    await here.bus.on(lamp, ({ json }) => json.on === false);
    assertEquals(await task(here, "relay"), { switch: "lamp", on: false });
  },
  async bme280(here) {
    // With registers: tests/unit/agents/templates/bme280.test.ts.
    await start(here, "bme280", { simulate: true });
    const { json } = await here.bus.on("sensors/weather");
    assertEquals([json.simulated, json.node, typeof json.humidity], [true, here.node.name, "number"]);
    for (const [kind, unit] of Object.entries({ temperature: "°C", humidity: "%", pressure: "hPa" })) {
      assertEquals((await here.bus.on(topics.reading(actorId("bme280"), kind))).json.unit, unit);
    }
    assert((await task(here, "bme280")).pressure > 900);
  },
  async serial_lines(here, port) {
    await start(here, "serial_lines", { port: port.path, topic: "meter" });
    await port.write(new TextEncoder().encode("first\r\n\r\nsec"));
    assertEquals((await here.bus.on("meter")).json.line, "first");
    await port.write(new TextEncoder().encode("ond\nrest"));
    await here.bus.on("meter", ({ json }) => json.line === "second");
    assertEquals(await task(here, "serial_lines"), { lines: 2, last: "second" });
    port.unplug();
    await alertOf(here, "serial_lines", /^\/dev\/pts\/\d+: /);
    const states = topics.agent(actorId("serial_lines"), "heartbeat");
    await here.bus.on(states, ({ json }) => json.task === `waiting for ${port.path}`);
  },
  async cpu_memory(here) {
    await start(here, "cpu_memory", { memory_alert_percent: 100 });
    const { json } = await here.bus.on("system/usage", ({ json }) => json.cpu !== null);
    assert(json.cpu >= 0 && json.cpu <= 100, `cpu is ${json.cpu}`);
    assertEquals(json.cores, navigator.hardwareConcurrency);
    assert(json.memory_available_mb > 0 && json.memory_available_mb <= json.memory_total_mb);
    await alertOf(here, "cpu_memory", /^Only [\d.]+ % of the memory is available$/);
  },
  async http_poller(here) {
    let status = 200;
    await using server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen: () => {} },
      () => Response.json({ main: { temp: 7 } }, { status }),
    );
    const url = `http://127.0.0.1:${server.addr.port}/weather`;
    await start(here, "http_poller", { url, field: "main.temp" });
    const { json } = await here.bus.on("http/status");
    assertEquals([json.ok, json.status, json.value, json.url], [true, 200, 7, url]);
    status = 503;
    await alertOf(here, "http_poller", /fails: status 503$/);
    status = 200;
    await alertOf(here, "http_poller", /is back$/);
  },
  async heartbeat(here) {
    using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
    const accepting = (async () => {
      for await (const connection of listener) connection.close();
    })();
    const target = `127.0.0.1:${listener.addr.port}`;
    await start(here, "heartbeat", { target, topic: "beats" });
    const { json } = await here.bus.on("beats", ({ json }) => json.beat >= 2);
    assertEquals([json.from, json.target, json.reachable], ["heartbeat", target, true]);
    listener.close();
    await accepting;
    const gone = await here.bus.on("beats", ({ json }) => !json.reachable);
    assertMatch(gone.json.error, /refused/i);
  },
  async mqtt_bridge(here) {
    await using broker = await startEmbedded();
    await using other = await Bus.connect(broker.port);
    const url = `mqtt://127.0.0.1:${broker.port}`;
    await start(here, "mqtt_bridge", { url, filter: "out/#", prefix: "here/" });
    await here.bus.on(
      `agents/${actorId("mqtt_bridge")}/heartbeat`,
      ({ json }) => json.task === `connected to ${url}`,
    );
    await here.bus.publish("out/a", { value: 1 });
    assertEquals((await other.on("here/out/a")).json, { value: 1 });
    // It counts once the other broker has said that it has it, which may be after others have heard it.
    await until("it has counted", async () => (await task(here, "mqtt_bridge")).carried === 1);
    assertEquals(await task(here, "mqtt_bridge"), { carried: 1, connection: `connected to ${url}` });

    const config = configFromTemplate("mqtt_bridge", {
      url,
      filter: "in/#",
      prefix: "there/",
      direction: "in",
    });
    await here.ask({ name: "inwards", ...config });
    // Retained, as it may come before the bridge has subscribed.
    await other.publish("in/b", "text", { retain: true });
    assertEquals((await here.bus.on("there/in/b")).text, "text");
  },
  async file_watcher(here) {
    const path = join(here.dir, "inbox");
    await Deno.mkdir(path);
    await start(here, "file_watcher", { path });
    await Deno.writeTextFile(join(path, "a.txt"), "1");
    const { json } = await here.bus.on("files/changed", ({ json }) => json.change === "create");
    assertEquals(json.path, join(path, "a.txt"));
    await Deno.remove(join(path, "a.txt"));
    await here.bus.on("files/changed", ({ json }) => json.change === "remove");
  },
  async anomaly(here) {
    await start(here, "anomaly", { topic: "readings/+", learn: 5, window: 10, deviations: 3 });
    for (const value of [20, 20.2, 19.8, 20.1, 19.9, 20.05, 35, 20]) {
      await here.bus.publish("readings/a", { value });
    }
    // Each topic has its own memory: 35 is the first there.
    await here.bus.publish("readings/b", { value: 35 });
    await here.bus.publish("readings/a", { value: "35" });
    await alertOf(here, "anomaly", /^readings\/a is 35: usual is 20.008 give or take 0\.13$/);
    const { json } = await here.bus.on("anomalies");
    assertEquals([json.topic, json.value], ["readings/a", 35]);
    assertEquals(here.bus.all("anomalies").length, 1);
  },
  async threshold(here) {
    await start(here, "threshold", {
      topic: "levels/+",
      above: 80,
      below: 10,
      hysteresis: 2,
      severity: "warning",
    });
    for (const value of [50, 81, 90, 79, 50, 5, 11, 12]) await here.bus.publish("levels/a", { value });
    const alerts = `agents/${actorId("threshold")}/alert`;
    await here.bus.on(alerts, ({ json }) => json.message === "levels/a is 12: back to normal");
    assertEquals(here.bus.all(alerts).map(({ json }) => [json.severity, json.message]), [
      ["warning", "levels/a is 81: above 80"],
      ["info", "levels/a is 50: back to normal"],
      ["warning", "levels/a is 5: below 10"],
      ["info", "levels/a is 12: back to normal"],
    ]);
  },
};

Deno.test("every template has a law here", () => {
  assertEquals(Object.keys(LAWS).sort(), TEMPLATES.map(({ name }) => name).sort());
});

Deno.test("templates on a real node", async (t) => {
  await withSys(BOARD, async ({ root }) => {
    const port = openPty();
    await using here = await policed({ ...POLICY, devices: { serial: [port.path] } }, ["--sys", root]);
    for (const [name, law] of Object.entries(LAWS)) await t.step(name, () => law(here, port));
  });
});

Deno.test("a template whose permissions the node does not grant is refused with the rule", async () => {
  await using here = await policed();
  const { ok, error } = await here.ask({ name: "t", ...configFromTemplate("door") });
  assertEquals(ok, false);
  assertStringIncludes(error, "devices.gpio 'GPIO17' is not allowed");
});
