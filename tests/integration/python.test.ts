/** Agents in Python, as they arrive and as they are seen on the wire. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { MOSQUITTO, Mosquitto, startEmbedded } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { mosquittoPub, MosquittoSub } from "../support/mosquitto_clients.ts";
import { NodeProcess } from "../support/node_process.ts";
import { needing } from "../support/programs.ts";

/** Fetching the interpreter takes a machine under load long. */
const PATIENCE_MS = 240_000;

/** As a main machine's planner writes it. */
const SENSOR = {
  name: "temp-sensor-agent",
  node: "rpi-livingroom",
  type: "dynamic",
  description: "Reads temperature from DHT22 sensor",
  poll_interval: 30,
  max_restarts: 5,
  restart_delay: 3.0,
  code:
    "\nasync def setup(agent):\n    await agent.log('DHT22 sensor agent ready')\nasync def process(agent):\n    import random # replace with real adafruit_dht read\n    temp = round(20 + random.uniform(-2, 2), 1)\n    await agent.publish('sensors/temperature', {'value': temp, 'unit': 'C', 'node': agent.node})\n    await agent.log(f'Temperature: {temp}C')\n",
};

Deno.test(
  needing(MOSQUITTO, "a planner's Python config, published with mosquitto_pub, runs as it is"),
  async () => {
    await using broker = await Mosquitto.start();
    await using _node = await NodeProcess.start({ port: broker.port, name: "rpi-livingroom" });
    await using sub = await MosquittoSub.listen(broker, "sensors/#", "agents/+/logs", "agents/+/errors");
    await mosquittoPub(broker, "nodes/rpi-livingroom/spawn", SENSOR, ["-r"]);
    await sub.line((line) => line.includes("DHT22 sensor agent ready"));
    const reading = await sub.line((line) => line.startsWith("sensors/temperature "));
    assertMatch(
      reading,
      /^sensors\/temperature \{"value": \d\d\.\d, "unit": "C", "node": "rpi-livingroom"\}$/,
    );
    await sub.line((line) => /Temperature: \d\d\.\dC/.test(line));
  },
);

Deno.test("an agent in Python moves to another node with its state, and is updated with a way back", async () => {
  await using broker = await startEmbedded();
  await using bus = await Bus.connect(broker.port);
  await using _here = await NodeProcess.start({ port: broker.port, name: "here" });
  await using _there = await NodeProcess.start({ port: broker.port, name: "there" });
  await bus.on("nodes/here/heartbeat");
  await bus.on("nodes/there/heartbeat");
  const code = (version: number) =>
    `async def process(agent):\n    count = agent.recall("count", 0) + 1\n    agent.persist("count", count)\n` +
    `    await agent.publish("moves", {"count": count, "node": agent.node, "version": ${version}})\n`;
  await bus.publish("nodes/here/spawn", { name: "mover", node: "here", poll_interval: 0.05, code: code(1) });
  await bus.find("a reading", ({ topic, json }) => topic === "moves" && json.count >= 3, 0, PATIENCE_MS);
  const from = bus.mark();
  await bus.publish("nodes/here/migrate", { name: "mover", target_node: "there" });
  const { json: result } = await bus.find(
    "the end of the migration",
    ({ topic }) => topic === "nodes/here/migrate_result",
    from,
    PATIENCE_MS,
  );
  assertEquals([result.success, result.error], [true, undefined]);
  const first = await bus.on("moves", ({ json }) => json.node === "there", from);
  assert(first.json.count >= 4, "it goes on where it was");

  const broken = bus.mark();
  await bus.publish("nodes/there/spawn", {
    name: "mover",
    node: "there",
    poll_interval: 0.05,
    replace: true,
    code: "async def setup(agent):\n    raise RuntimeError('does not work')\n",
  });
  await bus.find("the error", ({ json }) => json?.error?.includes?.("does not work"), broken);
  await bus.find(
    "the old code again",
    ({ topic, json }) => topic === "moves" && json.version === 1,
    broken + 1,
  );
});
