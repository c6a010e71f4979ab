/** Moving an agent loses nothing and doubles nothing, whatever goes wrong. */
import { assertEquals, assertMatch } from "@std/assert";
import { decisionText } from "../../protocol/signing/statements.ts";
import { startEmbedded } from "../support/brokers.ts";
import { Bus, type Message } from "../support/bus.ts";
import { testKey } from "../support/identity.ts";
import { NodeProcess } from "../support/node_process.ts";
import { until } from "../support/until.ts";

/** Says where each call happens; counts in its state file, and in memory. */
const COUNTER = `
let inMemory = 0;
async function process(agent) {
  const count = (agent.recall("count") ?? 0) + 1;
  agent.persist("count", count);
  await agent.publish("count", { count, inMemory: ++inMemory, node: agent.node });
}
function handle_task(agent, payload) { return { node: agent.node, payload }; }`;

const on = (node: string) => (message: Message) => message.json?.node === node;

async function twoNodes(
  work: (bus: Bus, a: NodeProcess, b: NodeProcess) => Promise<void>,
  args: string[] = [],
) {
  await using broker = await startEmbedded();
  await using bus = await Bus.connect(broker.port);
  await using a = await NodeProcess.start({ port: broker.port, name: "a", args });
  await using b = await NodeProcess.start({ port: broker.port, name: "b", args });
  await Promise.all([bus.on("nodes/a/heartbeat"), bus.on("nodes/b/heartbeat")]);
  await work(bus, a, b);
}

async function migrate(bus: Bus, from: string, to: string, name = "counter"): Promise<Message> {
  const mark = bus.mark();
  await bus.publish(`nodes/${from}/migrate`, { name, target_node: to });
  return await bus.on(`nodes/${from}/migrate_result`, () => true, mark);
}

Deno.test("a migrated agent goes on with its state, and never runs on two nodes at once", async () => {
  await twoNodes(async (bus, a) => {
    await a.spawn(bus, { name: "counter", code: COUNTER, capabilities: ["counting"], colour: "green" });
    await bus.on("count", (message) => message.json.count >= 5);
    const result = await migrate(bus, "a", "b");
    assertEquals(result.json.success, true);
    assertEquals(result.json.to_node, "b");
    await bus.on("count", (message) => message.json.node === "b" && message.json.inMemory >= 5);
    const counts = bus.all("count").map((message) => message.json);
    assertEquals(counts.map(({ count }) => count), counts.map((_, index) => index + 1));
    assertEquals(counts.map(({ node }) => node), counts.map(({ node }) => node).sort());
    const list = await bus.ask("nodes/a/list", {});
    assertEquals(list.json.agents, []);
    const back = await migrate(bus, "b", "a");
    assertEquals(back.json.success, true);
    const { json: { agents: [{ epoch }] } } = await bus.ask("nodes/a/list", {});
    const there = bus.all("nodes/b/spawn").find(({ json }) => json?.migration !== undefined)?.json.epoch;
    assertEquals([there > 1_700_000_000, epoch > there], [true, true], "each move raises the epoch");
    const sent = bus.all("nodes/a/spawn").find((message) => message.json?.migration !== undefined);
    assertEquals(sent?.json.colour, "green");
  });
});

Deno.test("a migration to an unknown node, to itself, or to one that has that name is refused and changes nothing", async () => {
  await twoNodes(async (bus, a, b) => {
    await a.spawn(bus, { name: "counter", code: COUNTER });
    await b.spawn(bus, { name: "twin", code: COUNTER });
    await a.spawn(bus, { name: "twin", code: "function process() {}" });
    assertMatch((await migrate(bus, "a", "nowhere")).json.error, /does not answer/);
    assertMatch((await migrate(bus, "a", "a")).json.error, /already runs on a/);
    assertMatch((await migrate(bus, "a", "b", "twin")).json.error, /already runs an agent of that name/);
    assertMatch((await migrate(bus, "a", "b", "nobody")).json.error, /not found on a/);
    await b.end("SIGTERM");
    assertMatch((await migrate(bus, "a", "b")).json.error, /offline/);
    const last = bus.all("count").filter(on("a")).at(-1)?.json;
    const next = await bus.on("count", (m) => m.json.node === "a" && m.json.count > last.count);
    assertEquals(next.json.inMemory, next.json.count, "the agent has gone on in the same process");
  });
});

Deno.test("an agent that fails on its new node goes on where it was", async () => {
  await twoNodes(async (bus, a) => {
    const code =
      `function setup(agent) { if (agent.node === "b") throw new Error("no sensor here"); }${COUNTER}`;
    await a.spawn(bus, { name: "counter", code });
    await bus.on("count", (message) => message.json.count >= 2);
    const result = await migrate(bus, "a", "b");
    assertEquals(result.json.success, false);
    assertMatch(result.json.error, /no sensor here/);
    const from = bus.mark();
    await bus.on("count", (message) => message.json.node === "a", from);
    // Its process there ends a moment after it has said why.
    await until("b has no agents", async () => (await bus.ask("nodes/b/list", {})).json.agents.length === 0);
    assertEquals(bus.all("count").filter(({ json }) => json.node === "b"), []);
  });
});

Deno.test("an agent that does not arrive in time goes on where it was, and the late copy never begins", async () => {
  await twoNodes(async (bus, a) => {
    const code = `
async function setup(agent) { if (agent.node === "b") await new Promise((done) => setTimeout(done, 1500)); }${COUNTER}`;
    await a.spawn(bus, { name: "counter", code });
    const result = await migrate(bus, "a", "b");
    assertEquals(result.json.success, false);
    assertMatch(result.json.error, /was not seen running it within/);
    const from = bus.mark();
    await bus.on("count", (message) => message.json.node === "a", from);
    // The late copy is ended: its setup() is let come to its end first, or cut short.
    await until("b has no agents", async () => (await bus.ask("nodes/b/list", {})).json.agents.length === 0);
    assertEquals(bus.all("count").filter(on("b")), []);
    assertEquals(
      bus.messages.filter((m) => m.topic.endsWith("/heartbeat") && m.json?.name === "counter").filter(
        on("b"),
      ),
      [],
    );
  }, ["--migrate-timeout", "0.5"]);
});

for (const victim of ["source", "target"] as const) {
  Deno.test(`SIGKILL of the ${victim} in the middle of a migration leaves one instance, with the last state`, async () => {
    await using broker = await startEmbedded();
    await using bus = await Bus.connect(broker.port);
    await using a = await NodeProcess.start({
      port: broker.port,
      name: "a",
      args: ["--migrate-timeout", "2"],
    });
    await using b = await NodeProcess.start({
      port: broker.port,
      name: "b",
      args: ["--migrate-timeout", "2"],
    });
    await Promise.all([bus.on("nodes/a/heartbeat"), bus.on("nodes/b/heartbeat")]);
    // Slow to start on b: there is time for a crash before it has arrived.
    const code = `
async function setup(agent) { if (agent.node === "b") await new Promise((done) => setTimeout(done, 300)); }${COUNTER}`;
    await a.spawn(bus, { name: "counter", code });
    await bus.on("count", (message) => message.json.count >= 3);
    await bus.publish("nodes/a/migrate", { name: "counter", target_node: "b" });
    await bus.on("nodes/b/spawn");
    const killed = victim === "source" ? a : b;
    await killed.end("SIGKILL");
    const { name, stateDir } = killed;
    const from = bus.mark();
    await using _again = await NodeProcess.start({
      port: broker.port,
      name,
      stateDir,
      args: ["--migrate-timeout", "2"],
    });
    const first = await bus.on("count", () => true, from);
    await bus.on("count", (message) => message.json.count > first.json.count + 5, from);
    const counts = bus.all("count").map((message) => message.json.count);
    assertEquals(counts, counts.map((_, index) => index + 1));
    // One that was called off may still wait on the node that has just come back; it does nothing there.
    await until("one node alone lists it", async () => {
      const lists = await Promise.all(["a", "b"].map((node) => bus.ask(`nodes/${node}/list`, {})));
      const listed = lists.flatMap((list) => list.json.agents.map((agent: { name: string }) => agent.name));
      return listed.length === 1 && listed[0] === "counter";
    });
    const all = bus.all("count").map((message) => message.json.count);
    assertEquals(all, all.map((_, index) => index + 1));
  });
}

Deno.test("a paused agent stays paused on its new node", async () => {
  await twoNodes(async (bus, a) => {
    const { topic } = await a.spawn(bus, { name: "counter", code: COUNTER });
    await bus.ask(topic.replace("heartbeat", "commands"), { command: "pause" });
    assertEquals((await migrate(bus, "a", "b")).json.success, true);
    assertEquals((await bus.ask("nodes/b/list", {})).json.agents[0].state, "paused");
    await bus.ask(topic.replace("heartbeat", "commands"), { command: "resume" });
    await bus.on("count", on("b"));
  });
});

Deno.test("tasks that come while the agent moves are answered", async () => {
  await twoNodes(async (bus, a) => {
    await a.spawn(bus, { name: "counter", code: COUNTER });
    const moving = migrate(bus, "a", "b");
    await bus.on("nodes/a/migrate");
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => bus.ask("agents/by-name/counter/task", { payload: index })),
    );
    assertEquals(
      answers.map((answer) => answer.json.payload),
      Array.from({ length: 20 }, (_, index) => index),
    );
    assertEquals((await moving).json.success, true);
  });
});

/** On its new node it takes its time. */
const SLOW_TO_ARRIVE = `
async function setup(agent) {
  if (agent.node === "b") await new Promise((resolve) => agent.subscribe("go", resolve));
}
async function process(agent) { await agent.publish("count", { node: agent.node }); }`;

for (const forged of ["commit", "abort"] as const) {
  Deno.test(`a ${forged} of a migration by somebody else is refused, audited, and changes nothing`, async () => {
    await twoNodes(async (bus, a) => {
      await a.spawn(bus, { name: "counter", code: SLOW_TO_ARRIVE });
      await bus.on("count", on("a"));
      await bus.publish("nodes/a/migrate", { name: "counter", target_node: "b" });
      const { json: spawn } = await bus.on("nodes/b/spawn", ({ json }) => json?.migration !== undefined);
      const { id, key } = spawn.migration;
      assertMatch(key, /^[\w-]{43}$/);
      await bus.on("agents/b/logs", ({ json }) => json.type === "spawned");
      const decision = { id, agent: "counter", from: "a", decision: forged };
      const move = { id, agent: "counter", from: "a", to: "b" };
      const anothers = testKey("guessed").seal(decisionText(move, forged));
      for (const seal of [undefined, "", anothers]) {
        await bus.publish("nodes/b/migration", { ...decision, seal });
      }
      const expected = `Refused a ${forged} of the move of 'counter': node 'a' has not sealed it`;
      const { json: audited } = await bus.on("nodes/b/audit");
      assertEquals([audited.code, audited.reason], ["unsealed_decision", expected]);
      const from = bus.mark();
      await bus.publish("go", "x", { retain: true });
      await bus.on("nodes/a/migrate_result", ({ json }) => json.success === true);
      await bus.on("count", on("b"), from);
      // Told once, not once for each.
      assertEquals(bus.all("nodes/b/audit").length, 1);
      assertEquals((await bus.ask("nodes/a/list", {})).json.agents, []);
    });
  });
}

Deno.test("a node seals its decisions the same after a restart: who waits for one believes it", async () => {
  await using broker = await startEmbedded();
  await using bus = await Bus.connect(broker.port);
  const stateDir = await Deno.makeTempDir({ prefix: "agentflow-state-" });
  {
    const start = () => NodeProcess.start({ port: broker.port, name: "a", stateDir });
    await using b = await NodeProcess.start({ port: broker.port, name: "b" });
    const first = await start();
    await Promise.all([bus.on("nodes/a/heartbeat"), bus.on("nodes/b/heartbeat")]);
    await first.spawn(bus, { name: "counter", code: SLOW_TO_ARRIVE });
    await bus.publish("nodes/a/migrate", { name: "counter", target_node: "b" });
    await bus.on("agents/b/logs", ({ json }) => json.type === "spawned");
    await first.end("SIGKILL");
    await using _second = await start();
    // It had not let go: the agent goes on there, and the other node is told so.
    const from = bus.mark();
    const { json } = await bus.on("nodes/b/migration", ({ json }) => json?.decision === "abort");
    assertMatch(json.seal, /^[\w-]{86}$/);
    await bus.on("count", on("a"), from);
    await until("b has no agents", async () => (await bus.ask("nodes/b/list", {})).json.agents.length === 0);
    assertEquals(bus.all("nodes/b/audit"), []);
    await b.end();
  }
  await Deno.remove(stateDir, { recursive: true });
});
