/** A node's birth, heartbeat, end and last will. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Bus as OperatorBus } from "../../operator/bus.ts";
import { parseBroker } from "../../protocol/broker/broker_url.ts";
import { startEmbedded } from "../support/brokers.ts";
import { Bus, type Message } from "../support/bus.ts";
import { LinkProxy } from "../support/link_proxy.ts";
import { NodeProcess } from "../support/node_process.ts";
import { untilGone } from "../support/processes.ts";
import { type Need, needing } from "../support/programs.ts";
import { Stage } from "../support/stage.ts";
import { until } from "../support/until.ts";

const IDLE = "function setup() {}";
const BUSY = "async function process(agent) { await agent.log('busy'); for (;;); }";

Deno.test("a node says who it is as soon as it is connected, and is born on its status topic", async () => {
  await using stage = await Stage.set({ name: "py-node" });
  const { json } = await stage.bus.on("nodes/py-node/heartbeat");
  assertEquals([json.node, json.node_id], ["py-node", "c77f8d4f-c168-53bd-8b86-9424d7005e15"]);
  assertEquals([json.agents, json.agent_count, json.broker], [[], 0, "127.0.0.1"]);
  for (const field of ["timestamp", "uptime", "cpu", "memory_mb", "queue", "dropped"]) {
    assertEquals(typeof json[field], "number", field);
  }
  assert(Math.abs(json.timestamp - Date.now() / 1000) < 3600, "timestamps are epoch seconds");
  assert(json.memory_mb > 10, "the runner's memory is measured");
  assertMatch(json.runtime, /^deno \d/);
  assertEquals(typeof json.version, "string");
  const birth = await stage.bus.on("nodes/py-node/status");
  assertEquals(Object.keys(birth.json).sort(), [
    "instance",
    "key",
    "labels",
    "node",
    "status",
    "timestamp",
    "uptime",
  ]);
  assertEquals([birth.json.node, birth.json.status, birth.json.instance], [
    "py-node",
    "online",
    json.instance,
  ]);
  assertEquals(JSON.parse(await stage.retained("nodes/py-node/status")).instance, json.instance);
});

Deno.test("a node that is killed is declared offline by its last will, and leaves no process behind", async () => {
  await using stage = await Stage.set();
  const { instance } = (await stage.bus.on("nodes/test-node/status")).json;
  await stage.spawn({ name: "idle", code: IDLE });
  const busy = await stage.spawn({ name: "busy", code: BUSY });
  const deaf = await stage.spawn({
    name: "deaf",
    code: BUSY.replace("for", "Deno.addSignalListener('SIGTERM', () => {}); for"),
  });
  await stage.spawn({ name: "setting-up", code: "async function setup() { await new Promise(() => {}); }" });
  await Promise.all([busy.logged("busy"), deaf.logged("busy")]);
  const pids = [...(await stage.list()).values()].map(({ pid }) => pid as number);
  assertEquals(pids.length, 4);
  const from = stage.bus.mark();
  assertEquals((await stage.node.end("SIGKILL")).signal, "SIGKILL");
  await untilGone(pids, 2000);
  const will = await stage.bus.on("nodes/test-node/status", undefined, from);
  assertEquals([will.json.status, will.json.instance], ["offline", instance]);
  assertEquals(JSON.parse(await stage.retained("nodes/test-node/status")).status, "offline");
  const beats = stage.bus.all("nodes/test-node/heartbeat", from);
  assertEquals(beats, [], "readers take any message there as a sign of life");
});

Deno.test("where the kernel is not asked to end them, agents notice the death of their runner by themselves", async () => {
  // No setpriv on this PATH.
  await using stage = await Stage.set({ env: { PATH: "/nonexistent" } });
  await stage.spawn({ name: "idle", code: IDLE });
  await stage.spawn({
    name: "working",
    code: "async function process(agent) { await agent.publish('work', 1); }",
  });
  const pids = [...(await stage.list()).values()].map(({ pid }) => pid as number);
  await stage.node.end("SIGKILL");
  await untilGone(pids, 2000);
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`${signal} stops all agents, says offline and exits 0`, async () => {
    await using stage = await Stage.set();
    const agents = [
      await stage.spawn({ name: "one", code: IDLE }),
      await stage.spawn({ name: "two", code: IDLE }),
    ];
    await Promise.all(agents.map((agent) => agent.on("manifest")));
    const from = stage.bus.mark();
    assertEquals((await stage.node.end(signal)).code, 0);
    await saysGoodbye(stage, from);
    for (const agent of agents) {
      assertEquals(agent.states(), ["running", "stopped"]);
      assert((await stage.retained(agent.topic("manifest"))) !== "", "the agent comes back with its node");
    }
  });
}

Deno.test("stop_all stops every agent, also busy ones, says offline and exits 0", async () => {
  await using stage = await Stage.set();
  const idle = await stage.spawn({ name: "idle", code: IDLE });
  const busy = await stage.spawn({ name: "busy", code: BUSY });
  const waiting = await stage.launch({
    name: "waiting",
    code: "function process() { Deno.exit(3); }",
    restart_delay: 600,
  });
  await Promise.all([idle.on("manifest"), busy.logged("busy"), waiting.state("restarting")]);
  const pids = [...(await stage.list()).values()].flatMap(({ pid }) => pid === null ? [] : [pid as number]);
  const from = stage.bus.mark();
  const answer = await stage.command("stop_all", { reason: "operator" });
  assertEquals(answer, { ok: true, agents: ["idle", "busy", "waiting"] });
  assertEquals(await stage.node.exitCode(), 0);
  await untilGone(pids, 0);
  await saysGoodbye(stage, from);
  for (const agent of [idle, busy, waiting]) {
    assertEquals(agent.states().at(-1), "stopped");
    assertEquals(await stage.retained(agent.topic("manifest")), "");
  }
});

Deno.test("a node that was removed gives no sign of life any more, and nothing is kept of it", async () => {
  await using stage = await Stage.set();
  const agent = await stage.spawn({ name: "idle", code: IDLE });
  await agent.on("manifest");
  const from = stage.bus.mark();
  await stage.bus.publish("nodes/test-node/stop_all", { reason: "removed" });
  assertEquals(await stage.node.exitCode(), 0);
  await stage.bus.on("nodes/test-node/status", ({ text }) => text === "", from);
  assertEquals(stage.bus.all("nodes/test-node/heartbeat", from), []);
  assertEquals(stage.bus.all("nodes/test-node/status", from).map(({ json }) => json?.status), [
    "offline",
    undefined,
  ]);
  assertEquals(agent.states(), ["running", "stopped"]);
  assertEquals(await stage.retained("nodes/test-node/status"), "");
});

Deno.test("stop_all needs no payload", async () => {
  await using stage = await Stage.set();
  await stage.bus.publish("nodes/test-node/stop_all", "");
  assertEquals(await stage.node.exitCode(), 0);
});

Deno.test("a spawn while the node ends is refused with an answer", async () => {
  await using stage = await Stage.set();
  const busy = await stage.spawn({ name: "busy", code: BUSY });
  await busy.logged("busy");
  await stage.command("stop_all", {});
  const answer = await stage.command("spawn", { name: "late", code: IDLE });
  assertEquals(answer.ok, false);
  assertMatch(answer.error, /ending/);
  await stage.node.child.status;
});

Deno.test("a second signal ends the runner at once, and its agents with it", async () => {
  await using stage = await Stage.set();
  const busy = await stage.spawn({ name: "busy", code: BUSY });
  await busy.logged("busy");
  const pids = [...(await stage.list()).values()].map(({ pid }) => pid as number);
  const from = stage.bus.mark();
  stage.node.child.kill("SIGTERM");
  await untilStderr(stage.node, /second signal/);
  stage.node.child.kill("SIGTERM");
  const { code } = await stage.node.child.status;
  assert(code !== 0, "an end in disorder is no success");
  assertEquals(busy.all("heartbeat", from).filter((json) => json.state === "stopped"), []);
  await untilGone(pids, 2000);
});

Deno.test("a node that starts again has another instance, and is online again", async () => {
  await using broker = await startEmbedded();
  await using bus = await Bus.connect(broker.port);
  const instances: string[] = [];
  for (const _ of [1, 2]) {
    const from = bus.mark();
    await using node = await NodeProcess.start({ port: broker.port });
    const { json } = await bus.on("nodes/test-node/status", ({ json }) => json.status === "online", from);
    await bus.on("nodes/test-node/heartbeat", undefined, from);
    instances.push(json.instance);
    await node.end();
  }
  assert(instances[0] !== instances[1]);
});

/** The last words of a clean end, after everything that was said of agents. */
async function saysGoodbye(stage: Stage, from: number): Promise<void> {
  const isOffline = ({ json }: Message) => json?.status === "offline";
  const offline = await stage.bus.on("nodes/test-node/heartbeat", isOffline, from);
  assertEquals(Object.keys(offline.json).sort(), ["node", "status", "timestamp"]);
  await stage.bus.on("nodes/test-node/status", isOffline, from);
  const last = stage.bus.messages.findLastIndex(({ topic }) => /^agents\/.*\/heartbeat$/.test(topic));
  assert(last < stage.bus.messages.indexOf(offline), "agents are told before the node");
}

async function untilStderr(node: NodeProcess, pattern: RegExp): Promise<void> {
  await until(`stderr has ${pattern}`, () => node.stderr.some((line) => pattern.test(line)));
}

Deno.test("a node ends in order where the broker answers no more", async () => {
  await using broker = await startEmbedded();
  await using cable = LinkProxy.listen(broker.port);
  await using bus = await Bus.connect(broker.port);
  await using node = await NodeProcess.start({ port: cable.port });
  await node.spawn(bus, { name: "idle", code: IDLE });
  cable.stall("both");
  assertEquals((await node.end()).code, 0);
});

const linkLocal = Deno.networkInterfaces().find(({ address, scopeid }) =>
  address.startsWith("fe80:") && (scopeid ?? 0) > 0
);

const LINK_LOCAL: Need = {
  name: "a link-local IPv6 address",
  isThere: linkLocal !== undefined,
  remedy: "run the tests where `ip -6 address` shows one that begins with fe80:",
};

Deno.test({
  ...needing(LINK_LOCAL, "a broker at a link-local address is reached through the zone that is given"),
  fn: async () => {
    await using broker = await startEmbedded();
    await using cable = LinkProxy.listen(broker.port, "::");
    await using bus = await Bus.connect(broker.port);
    const address = `${linkLocal?.address}%${linkLocal?.name}`;
    await using node = await NodeProcess.start({ port: cable.port, args: ["--broker", address] });
    const code = "const process = (agent) => agent.publish('seen', agent.broker.url);";
    await node.spawn(bus, { name: "seer", code });
    assertEquals((await bus.on("seen")).text, `mqtt://[${address.replace("%", "%25")}]:${cable.port}`);
    const operator = await OperatorBus.connect({ broker: parseBroker(address, cable.port), access: {} });
    await operator[Symbol.asyncDispose]();
  },
});
