/** Agents in Python, as they arrive and as they are seen on the wire. */
import { assertMatch } from "@std/assert";
import { Mosquitto } from "../support/brokers.ts";
import { mosquittoPub, MosquittoSub } from "../support/mosquitto_clients.ts";
import { NodeProcess } from "../support/node_process.ts";

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

Deno.test("a planner's Python config, published with mosquitto_pub, runs as it is", async () => {
  await using broker = await Mosquitto.start();
  await using _node = await NodeProcess.start({ port: broker.port, name: "rpi-livingroom" });
  await using sub = await MosquittoSub.listen(broker, "sensors/#", "agents/+/logs", "agents/+/errors");
  await mosquittoPub(broker, "nodes/rpi-livingroom/spawn", SENSOR, ["-r"]);
  await sub.line((line) => line.includes("DHT22 sensor agent ready"));
  const reading = await sub.line((line) => line.startsWith("sensors/temperature "));
  assertMatch(reading, /^sensors\/temperature \{"value": \d\d\.\d, "unit": "C", "node": "rpi-livingroom"\}$/);
  await sub.line((line) => /Temperature: \d\d\.\dC/.test(line));
});
