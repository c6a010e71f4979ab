/** Brokers that do not take all that MQTT has, or that close connections for reasons of their own. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { topics } from "../../protocol/topics.ts";
import { MOSQUITTO, Mosquitto } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { ctl } from "../support/ctl.ts";
import { openDashboard } from "../support/dashboard.ts";
import { LiveClient } from "../support/live_client.ts";
import { NodeProcess } from "../support/node_process.ts";
import { needing } from "../support/programs.ts";
import { StrictBroker, type Strictness } from "../support/strict_broker.ts";

const ECHO = `
async function setup(agent) { await agent.subscribe("ears/one", (payload) => agent.publish("heard", payload)); }
function handle_task(agent, payload) { return { payload }; }`;
const NUMBERS = `
let n = 0;
async function process(agent) { await agent.publish("numbers", ++n); }`;

/** Log lines about the connection. */
const aboutConnection = (node: NodeProcess) => node.stderr.filter((line) => /onnect/.test(line));

Deno.test("a broker that lets the node in and closes is asked less and less often, and that is said once", async () => {
  await using broker = await StrictBroker.start({ hangUpMs: 0 });
  await using node = await NodeProcess.start({ port: broker.port });
  await node.logged(/soon after it accepted this client/);
  await broker.reached(7);
  assertEquals(aboutConnection(node).length, 1, node.stderr.join("\n"));
  delete broker.rules.hangUpMs;
  await node.logged(/INFO +Connected to/);
  assertEquals(aboutConnection(node).length, 2, node.stderr.join("\n"));
});

Deno.test("messages are not blamed for connections that a broker closes whatever is said", async () => {
  await using broker = await StrictBroker.start({ hangUpMs: 100 });
  await using bus = await Bus.connect(broker.openPort);
  await using node = await NodeProcess.start({ port: broker.port });
  await node.spawn(bus, { name: "numbers", code: NUMBERS, poll_interval: 0.001 });
  await broker.reached(9);
  delete broker.rules.hangUpMs;
  const { json } = await bus.on("nodes/test-node/heartbeat", undefined, bus.mark());
  assertEquals(json.dropped, 0);
  await bus.on("numbers", undefined, bus.mark());
  const numbers = [...new Set(bus.all("numbers").map((message) => message.json))].sort((a, b) => a - b);
  assertEquals(numbers, numbers.map((_, index) => index + 1));
  assertEquals(node.stderr.filter((line) => /does not support|dropped/.test(line)), []);
});

/** Works with what the broker takes: is seen, obeys, hears and answers. */
async function works(node: NodeProcess, bus: Bus): Promise<void> {
  await bus.on("nodes/test-node/heartbeat");
  await node.spawn(bus, { name: "echo", code: ECHO });
  await bus.on(
    `agents/${
      (await bus.find("manifest", ({ topic }) => topic.endsWith("/manifest"))).json.actor_id
    }/manifest`,
  );
  await bus.publish("ears/one", "hello");
  await bus.on("heard", ({ text }) => text === "hello");
  const { json } = await bus.ask("agents/by-name/echo/task", { payload: 1 });
  assertEquals(json, { payload: 1 });
}

const LACKS: readonly [title: string, rules: Strictness, line: RegExp][] = [
  ["retained messages", { retain: false }, /WARNING The broker does not support retained messages: /],
  ["QoS 1", { maxQos: 0 }, /WARNING The broker does not support QoS 1: /],
  ["either", { retain: false, maxQos: 0 }, /WARNING The broker does not support QoS 1: /],
  [
    "wildcards",
    { wildcards: false },
    /over a subscription to nodes\/test-node\/reply\/\+: .* not support wildcards\?/,
  ],
  ["more than 8 filters in a packet", { maxFilters: 8 }, /INFO/],
  ["more than one filter in a packet", { maxFilters: 1 }, /INFO/],
];
for (const [title, rules, line] of LACKS) {
  Deno.test(`a broker that does not take ${title} is worked with, and what is missing is said`, async () => {
    await using broker = await StrictBroker.start(rules);
    await using bus = await Bus.connect(broker.openPort);
    await using node = await NodeProcess.start({ port: broker.port });
    await works(node, bus);
    await node.logged(line);
    assertEquals(node.stderr.filter((said) => /expect TLS|WebSocket/.test(said)), []);
  });
}

const LIMITS: readonly [title: string, config: readonly string[], line: RegExp][] = [
  ["without retained messages", ["retain_available false"], /does not support retained messages/],
  ["without QoS 1", ["max_qos 0"], /does not support QoS 1/],
];
for (const [title, config, line] of LIMITS) {
  Deno.test({
    ...needing(MOSQUITTO, `a mosquitto ${title} is worked with, and that is said`),
    fn: async () => {
      await using broker = await Mosquitto.start(config);
      await using bus = await Bus.connect(broker.port, "#", 0);
      await using node = await NodeProcess.start({ port: broker.port });
      await bus.on("nodes/test-node/heartbeat");
      await bus.publish("nodes/test-node/spawn", { name: "echo", code: ECHO }, { qos: 0 });
      const { json: manifest } = await bus.find("manifest", ({ topic }) => topic.endsWith("/manifest"));
      assertEquals(manifest.name, "echo");
      await bus.publish("ears/one", "hello", { qos: 0 });
      await bus.on("heard", ({ text }) => text === "hello");
      await node.logged(line);
      assertEquals(node.stderr.filter((said) => /expect TLS|WebSocket/.test(said)), []);
    },
  });
}

Deno.test({
  ...needing(
    MOSQUITTO,
    "a message that the broker cannot stand is dropped and said, and those after it arrive",
  ),
  fn: async () => {
    await using broker = await Mosquitto.start(["max_packet_size 20000"]);
    await using bus = await Bus.connect(broker.port);
    await using node = await NodeProcess.start({ port: broker.port });
    await bus.on("nodes/test-node/heartbeat");
    const code = `async function setup(agent) {
      for (const size of [1, 30000, 2, 30001]) agent.publish("sized", "x".repeat(size));
    }`;
    await node.spawn(bus, { name: "sizes", code });
    const dropped = await node.logged(
      /closes the connection over a message on sized \(30000 bytes\): it is dropped/,
    );
    assertStringIncludes(dropped, "ERROR");
    await bus.on("sized", ({ text }) => text.length === 2);
    const { json: told } = await bus.find("log", ({ text }) => text.includes("Refused by the broker"));
    assertMatch(
      told.message,
      /^Refused by the broker: publish to sized \(30000 bytes\): it closes the connection/,
    );
    assertEquals([told.level, told.agent], ["error", "sizes"]);
    // One like it is not tried again.
    const from = bus.mark();
    const { json } = await bus.on("nodes/test-node/heartbeat", undefined, from);
    assertEquals(json.dropped, 2);
    assertEquals(node.stderr.filter((line) => /is dropped/.test(line)).length, 1);
    assertEquals(node.stderr.filter((line) => /does not support/.test(line)), []);
  },
});

Deno.test({
  ...needing(MOSQUITTO, "a broker without QoS 2 gets such messages at QoS 1"),
  fn: async () => {
    await using broker = await Mosquitto.start(["max_qos 1"]);
    await using bus = await Bus.connect(broker.port);
    await using node = await NodeProcess.start({ port: broker.port });
    await bus.on("nodes/test-node/heartbeat");
    const code = `async function setup(agent) { await agent.publish("twice", "sure", { qos: 2 }); }`;
    await node.spawn(bus, { name: "sure", code });
    await bus.on("twice");
    await node.logged(/does not support QoS 2: such messages are sent at QoS 1/);
  },
});

Deno.test({
  ...needing(
    MOSQUITTO,
    "an agent that publishes what the broker's rules forbid does not keep its node off the line",
  ),
  fn: async () => {
    const acl = await Deno.makeTempFile({ prefix: "agentflow-acl-" });
    await using _file = { [Symbol.asyncDispose]: () => Deno.remove(acl) };
    await Deno.writeTextFile(
      acl,
      "topic readwrite nodes/#\ntopic readwrite agents/#\ntopic readwrite numbers\n",
    );
    await using broker = await Mosquitto.start([`acl_file ${acl}`]);
    await using bus = await Bus.connect(broker.port);
    await using node = await NodeProcess.start({ port: broker.port });
    await bus.on("nodes/test-node/heartbeat");
    const code = NUMBERS.replace("await agent", "await agent.publish('forbidden/topic', n); await agent");
    await node.spawn(bus, { name: "both", code });
    // This mosquitto closes the connection; a later one passes it over.
    await bus.on("numbers", ({ json }) => json >= 200);
    const from = bus.mark();
    await bus.on("numbers", ({ json }) => json >= 300, from);
    assertEquals(bus.all("nodes/test-node/status", from), []);
  },
});

Deno.test("an agent that publishes what breaks connections, on ever new topics, costs few of them", async () => {
  await using broker = await StrictBroker.start({ forbidden: "poison/" });
  await using bus = await Bus.connect(broker.openPort);
  await using node = await NodeProcess.start({ port: broker.port });
  await bus.on("nodes/test-node/heartbeat");
  await node.spawn(bus, { name: "numbers", code: NUMBERS, poll_interval: 0.01 });
  await bus.on("numbers");
  const guilty = `
let n = 0;
async function process(agent) { await agent.publish("poison/" + ++n, n); await agent.publish("fine", n); }`;
  await node.spawn(bus, { name: "guilty", code: guilty, poll_interval: 0.05 });
  await bus.find("log", ({ text }) => text.includes("Refused by the broker"));
  await bus.on("fine", ({ json }) => json >= 300);
  const connections = broker.connections;
  assert(connections <= 12, `${connections} connections`);
  const { json: last } = await bus.on("numbers", undefined, bus.mark());
  const numbers = [...new Set(bus.all("numbers").map((message) => message.json))];
  assertEquals(numbers, numbers.map((_, index) => index + 1));
  assert(last > 100);
});

Deno.test("a heartbeat that is too large is shortened", async () => {
  await using broker = await StrictBroker.start({});
  await using bus = await Bus.connect(broker.openPort);
  const args = ["--labels", `long=${"x".repeat(60)}`];
  await using _node = await NodeProcess.start({ port: broker.port, args });
  const { text } = await bus.on("nodes/test-node/heartbeat");
  broker.rules.maxBytes = text.length;
  const { json } = await bus.on("nodes/test-node/heartbeat", ({ json }) => json.labels === undefined);
  assertEquals([json.node, json.agent_count, json.agents], ["test-node", 0, []]);
});

Deno.test("nodes are found at a broker that keeps nothing of them, by the command line and by the dashboard", async () => {
  await using broker = await StrictBroker.start({ keepsNothing: true });
  await using bus = await Bus.connect(broker.openPort);
  await using hall = await NodeProcess.start({ port: broker.port, name: "hall" });
  await using attic = await NodeProcess.start({ port: broker.port, name: "attic" });
  for (const node of [hall, attic]) {
    await node.spawn(bus, { name: `one_of_${node.name}`, code: ECHO });
  }
  const at = ["--port", String(broker.openPort)];
  const nodes = await ctl(["nodes", "--json", ...at]);
  assertEquals(nodes.json.map(({ node }: { node: string }) => node), ["attic", "hall"]);
  const from = bus.mark();
  await using dashboard = await openDashboard(broker.openPort);
  await bus.on(topics.rollCall, undefined, from);
  await using live = await LiveClient.open(dashboard.url);
  await live.until((fleet) => fleet.nodes.has("attic") && fleet.nodes.has("hall"));
  const stopped = await ctl(["stop", "one_of_hall", ...at]);
  assertEquals([stopped.code, stopped.stderr], [0, ""]);
  const agents = await ctl(["agents", "--json", ...at]);
  assertEquals(agents.json.map(({ agent }: { agent: string }) => agent), ["one_of_attic"]);
});
