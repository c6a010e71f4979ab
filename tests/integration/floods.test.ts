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
  args: readonly string[] = [],
): Promise<Scene<Broker>> {
  const stack = new AsyncDisposableStack();
  const broker = stack.use(await start());
  const bus = stack.use(await Bus.connect(broker.port));
  const node = stack.use(await NodeProcess.start({ port: broker.port, args }));
  await bus.on(`nodes/${node.name}/heartbeat`);
  return { broker, bus, node, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

async function residentMiB(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
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
  needing(MOSQUITTO, "the runner's memory is bounded while the broker is away and an agent floods"),
  async () => {
    await using here = await scene(() => Mosquitto.start(), ["--outbox-mb", "8"]);
    const { broker, bus, node } = here;
    const code = `async function setup(agent) {
    await agent.publish("ready", 1);
    const text = "x".repeat(10000);
    for (let n = 0; ; n++) { await agent.publish("flood", text); if (n === 20000) agent.persist("n", n); }
  }`;
    await bus.publish(`nodes/${node.name}/spawn`, { name: "flooder", code });
    await bus.on("ready");
    const before = await residentMiB(node.pid);
    await broker.kill();
    // 200 MB have gone into an outbox of 8.
    await untilItHolds(`${node.stateDir}/agentflow_flooder_state.json`, '"n"');
    const grown = await residentMiB(node.pid) - before;
    assert(grown < 200, `the runner grew by ${grown} MiB`);
    await broker.restart();
    await using after = await Bus.connect(broker.port, "nodes/#");
    const { json } = await after.on(`nodes/${node.name}/heartbeat`);
    assert(json.dropped > 0, "what was lost is not counted");
    assertEquals(
      (await after.ask(`nodes/${node.name}/stop`, { name: "flooder" }).catch(() => undefined))?.json.ok ??
        true,
      true,
    );
  },
);

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

async function untilItHolds(path: string, text: string): Promise<void> {
  for (let attempt = 0; attempt < 3000; attempt++) {
    // Not there yet, perhaps.
    if ((await Deno.readTextFile(path).catch(() => "")).includes(text)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`${path} does not hold ${text} after a minute`);
}

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
