/** What agents publish while the broker is away arrives when it is back. */
import { assert, assertEquals } from "@std/assert";
import { MOSQUITTO, Mosquitto } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { NodeProcess } from "../support/node_process.ts";
import { needing } from "../support/programs.ts";
import { until } from "../support/until.ts";

/** Publishes numbers, and writes down which of them were taken over. */
const NUMBERS = `
let n = 0;
async function process(agent) {
  await agent.publish("numbers", ++n);
  agent.persist("resolved", n);
}
function handle_task() { return { n }; }`;

/** The same without a disk to wait for. */
const FAST = `
let n = 0;
async function process(agent) { for (let i = 0; i < 50; i++) await agent.publish("numbers", ++n); }
function handle_task() { return { n }; }`;

/** The last number whose `publish` is known to have resolved. */
async function resolvedSoFar(node: NodeProcess): Promise<number> {
  return JSON.parse(await Deno.readTextFile(`${node.stateDir}/agentflow_numbers_state.json`)).resolved;
}

/** Every number from the first to the last, without what came twice. */
function assertWhole(numbers: readonly number[]): void {
  const once = [...new Set(numbers)];
  const [first = 0] = once;
  assertEquals(once, once.map((_, index) => first + index));
}

Deno.test({
  ...needing(
    MOSQUITTO,
    "an agent's messages go on in order through an outage, and it is not restarted for it",
  ),
  async fn() {
    await using broker = await Mosquitto.start(["max_queued_messages 0"]);
    await using bus = await Bus.connect(broker.port);
    await using node = await NodeProcess.start({ port: broker.port });
    const { topic } = await node.spawn(bus, { name: "numbers", code: FAST, poll_interval: 0.05 });
    await bus.on("numbers", (message) => message.json >= 50);
    await broker.kill();
    await node.logged(/No connection to the broker/);
    await broker.restart();
    const from = bus.mark();
    await bus.reconnected();
    // mosquitto has forgotten everything: the node must have subscribed again.
    await bus.on("nodes/test-node/heartbeat", () => true, from);
    const { json } = await bus.ask("agents/by-name/numbers/task", {});
    await bus.on("numbers", (message) => message.json >= json.n, from);
    // This client was away too: what came in the first moments after the restart is the broker's to keep, not the node's.
    const after = bus.all("numbers", from).map((message) => message.json);
    assertWhole(after);
    const states = bus.all(topic, from).map((message) => message.json.state);
    assert(!states.includes("restarting"), states.join());
  },
});

Deno.test({
  ...needing(
    MOSQUITTO,
    "with --outbox disk, nothing whose publish has resolved is lost when the runner dies in an outage",
  ),
  async fn() {
    await using broker = await Mosquitto.start(["max_queued_messages 0"]);
    const args = ["--outbox", "disk"];
    await using node = await NodeProcess.start({ port: broker.port, args });
    let resolved = 0;
    {
      await using bus = await Bus.connect(broker.port);
      await node.spawn(bus, { name: "numbers", code: NUMBERS, poll_interval: 0.001 });
      await bus.on("numbers", (message) => message.json === 20);
      await broker.kill();
      await node.logged(/No connection to the broker/);
      await until("100 calls have resolved", async () => await resolvedSoFar(node) >= 100);
      await node.end("SIGKILL");
      resolved = await resolvedSoFar(node);
    }
    await broker.restart();
    await using bus = await Bus.connect(broker.port, "numbers");
    await using _again = await NodeProcess.start({ port: broker.port, args, stateDir: node.stateDir });
    await bus.on("numbers", (message) => message.json === resolved);
    const numbers = bus.all("numbers").map((message) => message.json);
    assertWhole(numbers.slice(0, numbers.indexOf(resolved) + 1));
    assert((numbers[0] ?? Infinity) <= 60, `the first kept message is ${numbers[0]}`);
  },
});

Deno.test({
  ...needing(MOSQUITTO, "what is too much for the outbox is dropped oldest first, counted and said"),
  async fn() {
    await using broker = await Mosquitto.start();
    const args = ["--outbox-messages", "100"];
    await using node = await NodeProcess.start({ port: broker.port, args });
    {
      await using bus = await Bus.connect(broker.port);
      await node.spawn(bus, { name: "numbers", code: FAST, poll_interval: 0.001 });
      await bus.on("numbers", (message) => message.json === 20);
    }
    await broker.kill();
    await node.logged(/The outbox is full/);
    await broker.restart();
    await using bus = await Bus.connect(broker.port);
    const { json: heartbeat } = await bus.on("nodes/test-node/heartbeat");
    // What still waits may have gone out before this client was there to see it.
    assert(heartbeat.dropped > 0, JSON.stringify(heartbeat));
    const first = await bus.on("numbers");
    assert(first.json > 20, "the oldest are gone");
    await bus.on("numbers", (message) => message.json > first.json + 50);
    assertWhole(bus.all("numbers").map((message) => message.json));
  },
});
