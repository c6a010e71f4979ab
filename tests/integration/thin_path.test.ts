/** The main job, end to end, against every broker of this machine. */
import { assertEquals } from "@std/assert";
import { testBrokers } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { NodeProcess } from "../support/node_process.ts";

const SENSOR = `
async function setup(agent) {
  await agent.log("ready on " + agent.node);
}
async function process(agent) {
  await agent.publish("sensors/temperature", { value: 21.5, unit: "C", node: agent.node });
}`;

for (const { kind, start } of testBrokers()) {
  Deno.test(`a spawned agent publishes readings until it is stopped (${kind})`, async () => {
    await using broker = await start();
    await using bus = await Bus.connect(broker.port);
    await using node = await NodeProcess.start({ port: broker.port });
    await bus.on("nodes/test-node/heartbeat");
    const running = await node.spawn(bus, { name: "sensor", code: SENSOR });
    assertEquals(running.json.actor_id, "17561c67-335f-5ec9-ae51-71d168d17181");
    const reading = await bus.on("sensors/temperature");
    assertEquals(reading.json, { value: 21.5, unit: "C", node: "test-node" });
    await bus.publish("nodes/test-node/stop", { name: "sensor" });
    await bus.on(running.topic, (message) => message.json.state === "stopped");
    assertEquals((await node.end()).code, 0);
  });
}
