/** One process alone speaks for a node, and readers of the wire are told the truth about it. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { startEmbedded, testBrokers } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { NodeProcess } from "../support/node_process.ts";

for (const { kind, start } of testBrokers()) {
  Deno.test(`the later of two nodes with one name exits with code 3, and the first keeps running (${kind})`, async () => {
    await using broker = await start();
    await using bus = await Bus.connect(broker.port);
    await using first = await NodeProcess.start({ port: broker.port });
    await bus.on("nodes/test-node/heartbeat");
    const echo = "function handle_task(agent, payload) { return payload; }";
    await first.spawn(bus, { name: "echo", code: echo });
    await using second = await NodeProcess.start({ port: broker.port });
    assertEquals(await second.exitCode(), 3);
    await second.logged(/Another node named 'test-node' is on this broker/);
    const answer = await bus.ask("agents/by-name/echo/task", { payload: { still: "here" } });
    assertEquals(answer.json, { still: "here" });
    await using late = await Bus.connect(broker.port, "nodes/test-node/status");
    const { json } = await late.on("nodes/test-node/status");
    assertEquals(json.status, "online");
    assertEquals(json.instance, bus.all("nodes/test-node/status")[0]?.json.instance);
  });

  Deno.test(`a will that comes late does not make a reborn node look offline (${kind})`, async () => {
    await using broker = await start();
    await using bus = await Bus.connect(broker.port);
    await using _node = await NodeProcess.start({ port: broker.port });
    const { json: birth } = await bus.on(
      "nodes/test-node/status",
      (message) => message.json.status === "online",
    );
    const from = bus.mark();
    const will = { node: "test-node", instance: "of a dead process", status: "offline", timestamp: 1 };
    await bus.publish("nodes/test-node/status", will, { retain: true });
    await bus.on("nodes/test-node/status", (message) => message.json.instance === birth.instance, from);
  });

  Deno.test(`commands that come while the node is away are obeyed when it is back (${kind})`, async () => {
    await using broker = await start();
    await using bus = await Bus.connect(broker.port);
    await using first = await NodeProcess.start({ port: broker.port });
    await first.spawn(bus, { name: "one", code: "function process() {}" });
    await bus.on("nodes/test-node/spawn", (message) => message.text === "");
    await first.end("SIGKILL");
    const from = bus.mark();
    await bus.publish("nodes/test-node/stop", "one");
    await bus.publish("nodes/test-node/spawn", { name: "two", code: "function process() {}" });
    await using _second = await NodeProcess.start({ port: broker.port, stateDir: first.stateDir });
    await bus.find("stopped", (m) => m.json?.name === "one" && m.json.state === "stopped", from);
    await bus.find("running", (m) => m.json?.name === "two" && m.json.state === "running", from);
  });
}

for (const { kind, start } of testBrokers()) {
  Deno.test(`of two nodes with a copied state folder the later one exits with code 3 (${kind})`, async () => {
    await using broker = await start();
    await using bus = await Bus.connect(broker.port);
    await using first = await NodeProcess.start({ port: broker.port });
    await first.spawn(bus, { name: "echo", code: "const handle_task = (agent, payload) => payload;" });
    const { instance } = (await bus.on("nodes/test-node/status")).json;
    const stateDir = await Deno.makeTempDir({ prefix: "agentflow-copy-" });
    await using _folder = { [Symbol.asyncDispose]: () => Deno.remove(stateDir, { recursive: true }) };
    const registry = "agentflow_test-node.registry";
    await Deno.mkdir(join(stateDir, registry));
    await Deno.copyFile(
      join(first.stateDir, registry, "installation"),
      join(stateDir, registry, "installation"),
    );
    await using second = await NodeProcess.start({ port: broker.port, stateDir });
    assertEquals(await second.exitCode(), 3);
    await second.logged(/with this one's client id .was its state folder copied/);
    const from = bus.mark();
    await bus.on("nodes/test-node/heartbeat", ({ json }) => json.instance === instance, from);
    assertEquals((await bus.ask("agents/by-name/echo/task", { payload: { still: "here" } })).json, {
      still: "here",
    });
    await using late = await Bus.connect(broker.port, "nodes/test-node/status");
    const { json: status } = await late.on("nodes/test-node/status");
    assertEquals([status.instance, status.status], [instance, "online"]);
  });
}

Deno.test("a second runner with the same name and state folder is refused at once with code 3", async () => {
  await using running = await startEmbedded();
  await using bus = await Bus.connect(running.port);
  await using first = await NodeProcess.start({ port: running.port });
  await bus.on("nodes/test-node/heartbeat");
  await using second = await NodeProcess.start({ port: running.port, stateDir: first.stateDir });
  assertEquals(await second.exitCode(), 3);
  await second.logged(/already runs with the state folder/);
});
