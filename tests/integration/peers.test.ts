/** What an agent knows of the others on its node. */
import { assertEquals } from "@std/assert";
import { testBrokers } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { NodeProcess } from "../support/node_process.ts";

/** Tells which agents it sees, in setup() and whenever it is asked. */
const WATCHER = `
let atSetup;
function setup(agent) { atSetup = names(agent); }
function handle_task(agent) { return { names: names(agent), atSetup }; }
function names(agent) { return agent.agents().map(({ name }) => name).sort(); }`;

for (const { kind, start } of testBrokers()) {
  Deno.test(`an agent sees the others come and go, whoever was there first (${kind})`, async () => {
    await using broker = await start();
    await using bus = await Bus.connect(broker.port);
    await using node = await NodeProcess.start({ port: broker.port });
    const seenBy = async (name: string) =>
      (await bus.ask(`agents/by-name/${name}/task`, { payload: {} })).json;
    await bus.on("nodes/test-node/heartbeat");
    await node.spawn(bus, { name: "first", code: WATCHER });
    assertEquals(await seenBy("first"), { names: ["first"], atSetup: ["first"] });
    const second = await node.spawn(bus, { name: "second", code: WATCHER });
    assertEquals(await seenBy("second"), { names: ["first", "second"], atSetup: ["first", "second"] });
    assertEquals((await seenBy("first")).names, ["first", "second"]);

    await node.spawn(bus, { name: "second", code: WATCHER, replace: true });
    assertEquals((await seenBy("first")).names, ["first", "second"]);

    const from = bus.mark();
    await bus.publish("nodes/test-node/stop", { name: "second" });
    await bus.on(second.topic, ({ json }) => json.state === "stopped", from);
    assertEquals((await seenBy("first")).names, ["first"]);
    assertEquals((await node.end()).code, 0);
  });

  Deno.test(`agents that are spawned all at once see each other (${kind})`, async () => {
    await using broker = await start();
    await using bus = await Bus.connect(broker.port);
    await using _node = await NodeProcess.start({ port: broker.port });
    await bus.on("nodes/test-node/heartbeat");
    const all = ["a", "b", "c", "d"];
    const agents = all.map((name) => ({ name, node: "test-node", code: WATCHER, poll_interval: 5 }));
    await bus.publish("nodes/test-node/desired_state", { node: "test-node", agents, timestamp: 0 });
    for (const name of all) {
      const isManifest = ({ topic, json }: { topic: string; json: { name?: string } | undefined }) =>
        topic.endsWith("/manifest") && json?.name === name;
      await bus.find(`manifest of ${name}`, isManifest);
    }
    for (const name of all) {
      const { json } = await bus.ask(`agents/by-name/${name}/task`, { payload: {} });
      assertEquals(json.names, all);
    }
  });
}
