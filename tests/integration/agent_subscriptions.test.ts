/** What agents subscribe to, against every broker of this machine. */
import { assertEquals } from "@std/assert";
import { MOSQUITTO, Mosquitto, testBrokers } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { NodeProcess } from "../support/node_process.ts";
import { StrictBroker } from "../support/strict_broker.ts";

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

/** Says what it hears, and under which filter. */
const ears = (...filters: string[]) => `
export async function setup(agent) {
  for (const filter of ${JSON.stringify(filters)}) {
    await agent.subscribe(filter, (payload) => agent.publish("heard", [agent.name, filter, payload]));
  }
}`;

const COPYING = {
  kind: "mosquitto that sends a copy per filter",
  start: () => Mosquitto.start(["allow_duplicate_messages true"]),
};
for (const { kind, start } of MOSQUITTO.isThere ? [...testBrokers(), COPYING] : testBrokers()) {
  Deno.test(`each handler gets a message once, whatever others have subscribed to (${kind})`, async () => {
    await using broker = await start();
    await using bus = await Bus.connect(broker.port, "heard");
    await using all = await Bus.connect(broker.port);
    await using node = await NodeProcess.start({ port: broker.port });
    await all.on("nodes/test-node/heartbeat");
    await node.spawn(all, { name: "one", code: ears("over/#", "over/lap", "+/lap") });
    await all.find("manifest", ({ topic, json }) => topic.endsWith("/manifest") && json.name === "one");
    // Heard when it is published, and kept for the one that comes later.
    await all.publish("over/lap", "kept", { retain: true });
    await node.spawn(all, { name: "two", code: ears("over/+", "over/lap") });
    await all.find("manifest", ({ topic, json }) => topic.endsWith("/manifest") && json.name === "two");
    await all.publish("over/lap", "new");
    await all.publish("over/lap", "end");
    const everywhere = [["one", "over/#"], ["one", "over/lap"], ["one", "+/lap"], ["two", "over/+"], [
      "two",
      "over/lap",
    ]];
    for (const [agent, filter] of everywhere) {
      await bus.find("end", ({ json }) => json[0] === agent && json[1] === filter && json[2] === "end");
    }
    const heard = bus.messages.map(({ json }) => json.join(" ")).sort();
    const expected = everywhere.flatMap((ear) =>
      ["kept", "new", "end"].map((said) => [...ear, said].join(" "))
    );
    assertEquals(heard, expected.sort());
  });
}

Deno.test("subscribe() rejects with the reason when the broker refuses the filter", async () => {
  await using broker = await StrictBroker.start({ refusedFilter: "secret/plans" });
  await using bus = await Bus.connect(broker.openPort);
  await using node = await NodeProcess.start({ port: broker.port });
  await bus.on("nodes/test-node/heartbeat");
  const code = `async function handle_task(agent, filter) {
    try { await agent.subscribe(filter, () => {}); return "granted"; } catch (error) { return error.message; }
  }`;
  await node.spawn(bus, { name: "asks", code });
  const ask = async (filter: string) =>
    (await bus.ask("agents/by-name/asks/task", { payload: filter })).json.result;
  const refusal = "Cannot subscribe to secret/plans: the broker refuses it: check its access rules";
  // The first one opens the connection.
  assertEquals(await ask("secret/plans"), refusal);
  assertEquals(await ask("public/plans"), "granted");
  assertEquals(await ask("secret/plans"), refusal);
});

Deno.test("at a broker that limits the subscriptions of a client, every agent gets its tasks all the same", async () => {
  await using broker = await StrictBroker.start({ maxSubscriptions: 24 });
  await using bus = await Bus.connect(broker.openPort);
  await using node = await NodeProcess.start({ port: broker.port });
  await bus.on("nodes/test-node/heartbeat");
  const names = ["a", "b", "c", "d", "e", "f"];
  const code = "function handle_task(agent, n) { return { name: agent.name, n }; }";
  for (const name of names) await node.spawn(bus, { name, code });
  for (const name of names) {
    await bus.find("manifest", ({ topic, json }) => topic.endsWith("/manifest") && json?.name === name);
    const { json } = await bus.ask(`agents/by-name/${name}/task`, { payload: 1 });
    assertEquals(json, { name, n: 1 });
  }
  assertEquals(broker.subscribed.slice(-2).flat(), [
    "agents/by-name/+/task",
    "agents/+/commands",
    "agents/+/heartbeat",
  ]);
  const logs = bus.all("agents/test-node/logs").map(({ json }) => `${json.type}: ${json.message}`);
  assertEquals(logs.filter((line) => /cannot reach it/.test(line)), []);
  assertEquals(logs.filter((line) => /The node now subscribes to/.test(line)).length, 1);
});
