/** What should run here survives the end of the runner, however it ends. */
import { assertEquals, assertMatch } from "@std/assert";
import { startEmbedded } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { NodeProcess } from "../support/node_process.ts";

const COUNTER = `
function setup(agent) { agent.persist("boots", (agent.recall("boots") ?? 0) + 1); }
async function process(agent) { await agent.publish("boots/" + agent.name, agent.recall("boots")); }`;

async function withStateDir(work: (stateDir: string) => Promise<void>): Promise<void> {
  const stateDir = await Deno.makeTempDir({ prefix: "agentflow-state-" });
  try {
    await work(stateDir);
  } finally {
    await Deno.remove(stateDir, { recursive: true });
  }
}

for (const signal of ["SIGKILL", "SIGTERM"] as const) {
  Deno.test(`agents come back after ${signal} of the runner, with their state`, async () => {
    await using broker = await startEmbedded();
    await using bus = await Bus.connect(broker.port);
    await withStateDir(async (stateDir) => {
      await using first = await NodeProcess.start({ port: broker.port, stateDir });
      await first.spawn(bus, { name: "counter", code: COUNTER });
      await bus.on("boots/counter", (message) => message.json === 1);
      await first.end(signal);
      await using _second = await NodeProcess.start({ port: broker.port, stateDir });
      await bus.on("boots/counter", (message) => message.json === 2);
    });
  });
}

Deno.test("agents come back before the broker does, and what they publish meanwhile arrives in order", async () => {
  const code = `let n = 0; async function process(agent) { await agent.publish("n", ++n); }`;
  await withStateDir(async (stateDir) => {
    const port = await (async () => {
      await using broker = await startEmbedded();
      await using bus = await Bus.connect(broker.port);
      await using node = await NodeProcess.start({ port: broker.port, stateDir });
      await node.spawn(bus, { name: "early", code });
      await node.end("SIGKILL");
      return broker.port;
    })();
    await using node = await NodeProcess.start({ port, stateDir });
    await node.logged(/Agent 'early' is running/);
    await using broker = await startEmbedded(port);
    await using bus = await Bus.connect(broker.port);
    const first = await bus.on("n");
    await bus.on("n", (message) => message.json === first.json + 20);
    const numbers = bus.all("n").map((message) => message.json);
    assertEquals(numbers, numbers.map((_, index) => first.json + index));
  });
});

Deno.test("an agent that was stopped, deleted or has failed for good does not come back", async () => {
  await using broker = await startEmbedded();
  await using bus = await Bus.connect(broker.port);
  await withStateDir(async (stateDir) => {
    await using first = await NodeProcess.start({ port: broker.port, stateDir });
    const stopped = await first.spawn(bus, { name: "stopped", code: COUNTER });
    const deleted = await first.spawn(bus, { name: "deleted", code: COUNTER });
    await first.spawn(bus, { name: "kept", code: COUNTER });
    await first.spawn(bus, { name: "spent", code: "function process() { Deno.exit(1) }", max_restarts: 0 });
    await bus.find("failed", (m) => m.json?.name === "spent" && m.json.state === "failed");
    await bus.publish("nodes/test-node/spawn", { name: "broken", code: "this is not valid !!!" });
    await bus.find("failed", (m) => m.json?.name === "broken" && m.json.state === "failed");
    await bus.publish("nodes/test-node/stop", "stopped");
    await bus.publish(deleted.topic.replace("heartbeat", "commands"), { command: "delete" });
    await bus.on(stopped.topic, (message) => message.json.state === "stopped");
    await bus.on(deleted.topic, (message) => message.json.state === "stopped");
    await first.end("SIGKILL");
    const from = bus.mark();
    await using _second = await NodeProcess.start({ port: broker.port, stateDir });
    const heartbeat = await bus.on("nodes/test-node/heartbeat", () => true, from);
    assertEquals(heartbeat.json.agents, ["kept"]);
  });
});

Deno.test("a retained desired_state that is older than a stop does not bring the agent back; a newer one does", async () => {
  await using broker = await startEmbedded();
  await using bus = await Bus.connect(broker.port);
  await withStateDir(async (stateDir) => {
    const desired = (timestamp: number) => ({
      node: "test-node",
      timestamp,
      agents: [{ name: "wanted", code: COUNTER }, { name: "other", code: COUNTER }],
    });
    await bus.publish("nodes/test-node/desired_state", desired(100), { retain: true });
    await using first = await NodeProcess.start({ port: broker.port, stateDir });
    await bus.on("boots/wanted");
    await bus.ask("nodes/test-node/stop", { name: "wanted" });
    await first.end("SIGKILL");
    const from = bus.mark();
    await using second = await NodeProcess.start({ port: broker.port, stateDir });
    const answer = await bus.on("nodes/test-node/heartbeat", () => true, from);
    assertEquals(answer.json.agents, ["other"]);
    const list = await bus.ask("nodes/test-node/list", {});
    assertEquals(list.json.agents.map((agent: { name: string }) => agent.name), ["other"]);
    await second.end("SIGTERM");
    await bus.publish("nodes/test-node/desired_state", desired(200), { retain: true });
    const later = bus.mark();
    await using _third = await NodeProcess.start({ port: broker.port, stateDir });
    await bus.on("boots/wanted", () => true, later);
  });
});

Deno.test("a damaged registry file is set aside and reported, and the other agents start", async () => {
  await using broker = await startEmbedded();
  await using bus = await Bus.connect(broker.port);
  await withStateDir(async (stateDir) => {
    await using first = await NodeProcess.start({ port: broker.port, stateDir });
    for (const name of ["good", "bad"]) await first.spawn(bus, { name, code: COUNTER });
    await first.end("SIGKILL");
    const folder = `${stateDir}/agentflow_test-node.registry/agents`;
    await Deno.writeTextFile(`${folder}/bad.json`, '{"config": tru');
    const from = bus.mark();
    await using _second = await NodeProcess.start({ port: broker.port, stateDir });
    const error = await bus.on("agents/test-node/logs", (message) => message.json.type === "error", from);
    assertMatch(error.json.message, /agent 'bad' is damaged/);
    await bus.on("boots/good", (message) => message.json === 2, from);
    const files = (await Array.fromAsync(Deno.readDir(folder))).map((entry) => entry.name);
    assertEquals(files.filter((file) => file.startsWith("bad.json.damaged-")).length, 1);
  });
});

Deno.test("restart counts and pauses survive the runner", async () => {
  await using broker = await startEmbedded();
  await using bus = await Bus.connect(broker.port);
  await withStateDir(async (stateDir) => {
    await using first = await NodeProcess.start({ port: broker.port, stateDir });
    const code = `function setup(agent) {
      if (agent.recall("crashed")) return;
      agent.persist("crashed", true);
      Deno.exit(1);
    }`;
    const { topic } = await first.spawn(bus, { name: "shaky", code, restart_delay: 0.01 });
    await bus.on(topic, (message) => message.json.state === "restarting");
    const running = bus.mark();
    await bus.on(topic, (message) => message.json.state === "running", running);
    await bus.ask(topic.replace("heartbeat", "commands"), { command: "pause" });
    await first.end("SIGKILL");
    const from = bus.mark();
    await using _second = await NodeProcess.start({ port: broker.port, stateDir });
    await bus.on(topic, (message) => message.json.state === "paused", from);
    const list = await bus.ask("nodes/test-node/list", {});
    assertEquals(list.json.agents[0].restart_count, 1);
    assertEquals(list.json.agents[0].state, "paused");
  });
});

Deno.test("what code has been found to be is kept, and not looked for again", async () => {
  await using broker = await startEmbedded();
  await using bus = await Bus.connect(broker.port);
  await withStateDir(async (stateDir) => {
    const path = `${stateDir}/agentflow_test-node.registry/agents/counter.json`;
    await using first = await NodeProcess.start({ port: broker.port, stateDir });
    await first.spawn(bus, { name: "counter", code: COUNTER });
    await bus.on("boots/counter", (message) => message.json === 1);
    await first.end("SIGTERM");
    const entry = JSON.parse(await Deno.readTextFile(path));
    assertEquals(entry.reading, "typescript");
    // Nobody reads Python as TypeScript who looks at it.
    entry.config.code = "def setup(agent):\n    pass\n";
    await Deno.writeTextFile(path, JSON.stringify(entry));
    const from = bus.mark();
    await using _second = await NodeProcess.start({ port: broker.port, stateDir });
    const error = await bus.find("an error", (m) => m.topic.endsWith("/errors"), from);
    assertEquals([error.json.agent, error.json.phase], ["counter", "compile"]);
    assertMatch(error.json.traceback, /counter\.ts/);
  });
});
