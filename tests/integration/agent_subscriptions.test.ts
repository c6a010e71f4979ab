/** What agents subscribe to, against every broker of this machine. */
import { assertEquals } from "@std/assert";
import { testBrokers } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { NodeProcess } from "../support/node_process.ts";

const LISTENER = `
export async function setup(agent) {
  await agent.subscribe("questions/#", (payload) => agent.publish("heard", payload));
  await agent.publish("questions/own", { asked: "right after subscribe() has returned" });
}`;

for (const { kind, start } of testBrokers()) {
  Deno.test(`the first subscription on a node misses nothing once subscribe() has returned (${kind})`, async () => {
    await using broker = await start();
    await using bus = await Bus.connect(broker.port);
    await using node = await NodeProcess.start({ port: broker.port });
    await bus.on("nodes/test-node/heartbeat");
    await node.spawn(bus, { name: "listener", code: LISTENER });
    const { json } = await bus.on("heard");
    assertEquals(json, { asked: "right after subscribe() has returned" });
  });
}
