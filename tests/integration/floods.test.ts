/** Agents that say, ask or take far too much: nothing is lost that need not be, nothing grows, nobody else waits. */
import { assert, assertEquals } from "@std/assert";
import { MOSQUITTO, Mosquitto, startEmbedded, testBrokers } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { NodeProcess } from "../support/node_process.ts";
import { needing } from "../support/programs.ts";

const ECHO = `function handle_task(agent, payload) { return { echo: payload }; }`;
const COUNT = 20_000;

interface Scene<Broker> extends AsyncDisposable {
  readonly broker: Broker;
  readonly bus: Bus;
  readonly node: NodeProcess;
}

async function scene<Broker extends AsyncDisposable & { readonly port: number }>(
  start: () => Promise<Broker>,
): Promise<Scene<Broker>> {
  const stack = new AsyncDisposableStack();
  const broker = stack.use(await start());
  const bus = stack.use(await Bus.connect(broker.port));
  const node = stack.use(await NodeProcess.start({ port: broker.port }));
  await bus.on(`nodes/${node.name}/heartbeat`);
  return { broker, bus, node, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** The neighbour answers, and so does the node. */
async function assertResponsive(bus: Bus, node: NodeProcess): Promise<void> {
  const reply = await bus.ask("agents/by-name/neighbour/task", { payload: 1 });
  assertEquals(reply.json, { echo: 1 });
  assertEquals((await bus.ask(`nodes/${node.name}/list`, {})).json.ok, true);
}

for (const { kind, start } of testBrokers()) {
  for (
    const [title, publish] of Object.entries({
      awaited: `await agent.publish("flood", n);`,
      "not awaited": `agent.publish("flood", n);`,
    })
  ) {
    Deno.test(`${COUNT} messages of a tight loop, ${title}, all arrive in order (${kind})`, async () => {
      await using here = await scene(start);
      const { bus, node } = here;
      await bus.publish(`nodes/${node.name}/spawn`, {
        name: "flooder",
        code: `async function setup(agent) { for (let n = 0; n < ${COUNT}; n++) { ${publish} } }`,
      });
      await bus.find("last message", (m) => m.topic === "flood" && m.json === COUNT - 1, 0, 60_000);
      const numbers = bus.all("flood").map((message) => message.json);
      assertEquals(numbers.length, COUNT);
      assert(numbers.every((number, index) => number === index), "out of order");
    });
  }
}

Deno.test("console output in a tight loop becomes logs, all of them in order", async () => {
  await using here = await scene(startEmbedded);
  const { bus, node } = here;
  await bus.publish(`nodes/${node.name}/spawn`, {
    name: "chatter",
    code: `function setup() { for (let n = 0; n < 5000; n++) console.log("line " + n); }`,
  });
  await bus.find("last line", (m) => m.json?.message === "line 4999", 0, 60_000);
  const lines = bus.messages.filter((m) => m.topic.endsWith("/logs") && m.json?.message?.startsWith("line "));
  assertEquals(lines.length, 5000);
  assert(lines.every((line, index) => line.json.message === `line ${index}`));
});

Deno.test("an agent that floods without end does not keep its neighbour or the node from answering", async () => {
  await using here = await scene(startEmbedded);
  const { bus, node } = here;
  await node.spawn(bus, { name: "neighbour", code: ECHO });
  const code = `async function setup(agent) { for (let n = 0; ; n++) await agent.publish("flood", n); }`;
  await bus.publish(`nodes/${node.name}/spawn`, { name: "flooder", code });
  await bus.on("flood", (m) => m.json >= 2000);
  const from = bus.mark();
  await assertResponsive(bus, node);
  // Two agents' windows, the link's and what went on while the question travelled: not a queue without end.
  assert(bus.all("flood", from).length < 20_000, "the answer waited behind the flood");
  assertEquals((await bus.ask(`nodes/${node.name}/stop`, { name: "flooder" })).json.ok, true);
  await assertResponsive(bus, node);
});

Deno.test(
  needing(MOSQUITTO, "a message that the broker cannot stand does not keep the node off the line"),
  async () => {
    // mosquitto closes the connection over a packet that is larger.
    await using here = await scene(() => Mosquitto.start(["max_packet_size 20000"]));
    const { bus, node } = here;
    await node.spawn(bus, { name: "neighbour", code: ECHO });
    const code = `async function setup(agent) {
    await Promise.all([1, 2].map((n) => agent.publish("before", n)));
    agent.publish("poison", "x".repeat(50000));
    await Promise.all([1, 2].map((n) => agent.publish("after", n)));
  }`;
    await bus.publish(`nodes/${node.name}/spawn`, { name: "poisoner", code });
    await bus.on("after", (m) => m.json === 2);
    await assertResponsive(bus, node);
    assertEquals(bus.all("poison"), []);
    assert(bus.all("before").length >= 2);
  },
);

for (const stream of ["stdout", "stderr"] as const) {
  Deno.test(`lines that never end, on ${stream}, are throttled, and the agent is told so`, async () => {
    await using here = await scene(startEmbedded);
    const { bus, node } = here;
    await node.spawn(bus, { name: "neighbour", code: ECHO });
    await bus.publish(`nodes/${node.name}/spawn`, {
      name: "dribbler",
      code: `function process() { for (;;) Deno.${stream}.writeSync(Uint8Array.of(120)); }`,
    });
    const isHeld = (text: unknown) => /^Throttled by the node: unfinished lines: /.test(String(text));
    await bus.find("held back", (message) => isHeld(message.json?.message));
    await assertResponsive(bus, node);
  });
}
