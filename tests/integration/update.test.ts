/** An update that fails leaves the agent as it was. */
import { assertEquals, assertMatch } from "@std/assert";
import { startEmbedded } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { NodeProcess } from "../support/node_process.ts";

const OLD = `
function setup(agent) { agent.persist("version", "old"); }
async function process(agent) { await agent.publish("old", agent.recall("version")); }`;

const FAILURES: Readonly<Record<string, { code: string; install?: string[] }>> = {
  "does not compile": { code: "this is not valid !!!" },
  "does not install": { code: "function process() {}", install: ["no scheme at all; rm -rf /"] },
  "fails in setup()": {
    code: `function setup(agent) { agent.persist("version", "new"); throw new Error("no"); }`,
  },
  "fails in its first process()": {
    code: `function process(agent) { agent.persist("version", "new"); throw new Error("no"); }`,
  },
  "exits": { code: "function setup() { Deno.exit(1); }" },
};

for (const [what, update] of Object.entries(FAILURES)) {
  Deno.test(`an update that ${what} is rolled back, with the state from before`, async () => {
    await using broker = await startEmbedded();
    await using bus = await Bus.connect(broker.port);
    await using node = await NodeProcess.start({ port: broker.port });
    const running = await node.spawn(bus, { name: "agent", code: OLD });
    await bus.on("old");
    const from = bus.mark();
    await bus.publish("nodes/test-node/spawn", { name: "agent", replace: true, ...update });
    const errors = running.topic.replace("heartbeat", "errors");
    const { json: event } = await bus.on(errors, (message) => message.json.rolled_back === true, from);
    assertMatch(event.error, /the previous code runs again/);
    const rolledBack = bus.mark();
    assertEquals((await bus.on("old", () => true, rolledBack)).text, "old");
  });
}

Deno.test("an update that works replaces the old code for good", async () => {
  await using broker = await startEmbedded();
  await using bus = await Bus.connect(broker.port);
  await using node = await NodeProcess.start({ port: broker.port });
  await node.spawn(bus, { name: "agent", code: OLD });
  await bus.on("old");
  const code =
    `let n = 0; async function process(agent) { await agent.publish("new", ++n); if (n === 3) throw new Error("late"); }`;
  await bus.publish("nodes/test-node/spawn", { name: "agent", replace: true, code, poll_interval: 0.05 });
  await bus.on("new", (message) => message.json === 4);
  await bus.on(
    "agents/test-node/logs",
    ({ json }) => json?.type === "updated" && json.child_name === "agent",
  );
  assertEquals(bus.messages.filter((message) => message.json?.rolled_back === true), []);
});

Deno.test("an update without a way back fails for good", async () => {
  await using broker = await startEmbedded();
  await using bus = await Bus.connect(broker.port);
  await using node = await NodeProcess.start({ port: broker.port });
  const running = await node.spawn(bus, { name: "agent", code: OLD });
  const update = {
    name: "agent",
    replace: true,
    rollback: false,
    code: "function setup() { throw new Error('no'); }",
  };
  await bus.publish("nodes/test-node/spawn", update);
  await bus.on(running.topic, (message) => message.json.state === "failed");
  assertEquals((await bus.ask("nodes/test-node/list", {})).json.agents, []);
});

Deno.test("an update on probation is rolled back after SIGKILL of the runner too", async () => {
  await using broker = await startEmbedded();
  await using bus = await Bus.connect(broker.port);
  await using first = await NodeProcess.start({ port: broker.port });
  await first.spawn(bus, { name: "agent", code: OLD });
  await bus.on("old");
  // The first start hangs in setup() until the runner is killed, the second fails.
  const code = `async function setup(agent) {
    if (agent.recall("tried")) throw new Error("no");
    agent.persist("tried", true);
    await agent.publish("hanging", 1);
    await new Promise(() => {});
  }`;
  await bus.publish("nodes/test-node/spawn", { name: "agent", replace: true, code });
  await bus.on("hanging");
  await first.end("SIGKILL");
  const from = bus.mark();
  await using _second = await NodeProcess.start({ port: broker.port, stateDir: first.stateDir });
  await bus.find("a rollback", (message) => message.json?.rolled_back === true, from);
  const rolledBack = bus.mark();
  assertEquals((await bus.on("old", () => true, rolledBack)).text, "old");
});
