/** An operator's connection: it lets in and out what it should, also after an outage; answers and silence are told apart. */
import { Socket } from "node:net";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { parseBroker } from "../../protocol/broker/broker_url.ts";
import { Bus } from "../../operator/bus.ts";
import { BusError } from "../../operator/bus_error.ts";
import type { BusStatus } from "../../operator/connection.ts";
import { Commander, NoAnswerError, RefusedError } from "../../operator/commander.ts";
import { actorId } from "../../protocol/ids.ts";
import { topics } from "../../protocol/topics.ts";
import { Fleet } from "../../operator/fleet/fleet.ts";
import { listen } from "../../operator/operations/listen.ts";
import { migrateFrom } from "../../operator/operations/migrate.ts";
import { spawn } from "../../operator/operations/spawn.ts";
import { pressAt, stopAt, stopNode } from "../../operator/operations/stop.ts";
import { survey } from "../../operator/operations/survey.ts";
import { freePort, MOSQUITTO, Mosquitto, startEmbedded } from "../support/brokers.ts";
import { LinkProxy } from "../support/link_proxy.ts";
import { needing } from "../support/programs.ts";
import { StrictBroker } from "../support/strict_broker.ts";
import { Stage } from "../support/stage.ts";

function connect(port: number, onStatus: (status: BusStatus) => void = () => {}): Promise<Bus> {
  return Bus.connect({ broker: parseBroker("127.0.0.1", port), access: {}, onStatus });
}

const text = (payload: Uint8Array) => new TextDecoder().decode(payload);

Deno.test("no broker is an error that says where, and leaves nothing open", async () => {
  await assertRejects(() => connect(freePort()), BusError, "connection refused");
});

Deno.test("what an operator sends leaves at once, also after an outage", async () => {
  await using broker = await startEmbedded();
  await using proxy = LinkProxy.listen(broker.port);
  const { setNoDelay } = Socket.prototype;
  const ports: (number | undefined)[] = [];
  Socket.prototype.setNoDelay = function (isOn) {
    if (isOn === true) ports.push(this.remotePort);
    return setNoDelay.call(this, isOn);
  };
  try {
    const back = Promise.withResolvers<void>();
    await using _bus = await connect(proxy.port, ({ kind }) => kind === "connected" && back.resolve());
    assertEquals(ports.includes(proxy.port), true);
    ports.length = 0;
    proxy.cut();
    proxy.restore();
    await back.promise;
    assertEquals(ports.includes(proxy.port), true);
  } finally {
    Socket.prototype.setNoDelay = setNoDelay;
  }
});

Deno.test("a name is looked up again once all its addresses have been tried", async () => {
  await using broker = await startEmbedded();
  await using proxy = LinkProxy.listen(broker.port);
  const { port } = proxy;
  using old = Deno.listen({ hostname: "127.0.0.2", port });
  using moved = Deno.listen({ hostname: "127.0.0.4", port });
  let ips = ["127.0.0.1", "127.0.0.2"];
  await using _bus = await Bus.connect({
    broker: parseBroker("cluster.invalid", port),
    access: {},
    lookUp: () => Promise.resolve(ips),
  });
  ips = ["127.0.0.4", "127.0.0.3"];
  proxy.cut();
  (await old.accept()).close();
  using arrived = await Promise.race([moved.accept(), old.accept()]);
  assertEquals((arrived.localAddr as Deno.NetAddr).hostname, "127.0.0.4");
});

Deno.test("subscriptions that are made together are one question to the broker", async () => {
  await using broker = await StrictBroker.start({ refusedFilter: "secret/plans" });
  await using bus = await connect(broker.port);
  const handler = () => {};
  using _all = await bus.subscribeAll(["a", "b/+", "c"].map((filter) => ({ filter, handler })));
  assertEquals(broker.subscribed, [["a", "b/+", "c"]]);
  const error = await assertRejects(
    () => bus.subscribeAll(["a", "secret/plans"].map((filter) => ({ filter, handler }))),
    BusError,
  );
  // What it has allowed before it is not asked for again, and is not blamed.
  assertMatch(error.message, /^The broker does not allow this client to subscribe to secret\/plans: /);
  using _none = await bus.subscribeAll([]);
});

Deno.test("at a broker that answers no more nothing waits longer than it may, and the end does not either", async () => {
  await using broker = await startEmbedded();
  await using cable = LinkProxy.listen(broker.port);
  await using bus = await Bus.connect({
    broker: parseBroker("127.0.0.1", cable.port),
    access: {},
    timeoutMs: 500,
  });
  using _before = await bus.subscribe("before", () => {});
  cable.stall("both");
  const commander = new Commander(bus, undefined);
  const attempts: [what: string, attempt: () => Promise<unknown>][] = [
    ["a subscription to a/b", () => bus.subscribe("a/b", () => {})],
    ["a message on a/b (2 bytes)", () => bus.publish("a/b", {})],
    ["a subscription to main/reply/", () => commander.task("any", {}, 200)],
    ["a subscription to main/reply/", () => commander.command("any", "list", {}, { timeoutMs: 200 })],
    ["a message on nodes/any/spawn", () => commander.leave("any", "spawn", {})],
  ];
  for (const [what, attempt] of attempts) {
    const { message } = await assertRejects(attempt, BusError);
    assert(message.startsWith(`The broker has not confirmed ${what}`), message);
  }
});

Deno.test({
  ...needing(
    MOSQUITTO,
    "a message that the broker does not take is an error, and does not go out again and again",
  ),
  fn: async () => {
    await using broker = await Mosquitto.start(["max_packet_size 20000"]);
    const statuses: string[] = [];
    await using bus = await connect(broker.port, ({ kind }) => statuses.push(kind));
    const task = () => new Commander(bus, undefined).task("any", "x".repeat(30_000));
    await assertRejects(task, BusError, "is it larger than the broker allows");
    await bus.publish("small", "x");
    const { length } = statuses;
    using _heard = await bus.subscribe("small", () => {});
    await bus.publish("small", "x");
    assertEquals(statuses.length, length);
  },
});

Deno.test("a handler gets what matches its filter, and nothing after it is disposed of", async () => {
  await using broker = await startEmbedded();
  await using bus = await connect(broker.port);
  const got: string[] = [];
  const last = Promise.withResolvers<void>();
  const second = Promise.withResolvers<void>();
  const wanted = await bus.subscribe("a/+", ({ topic, payload }) => {
    if (got.push(`${topic}=${text(payload)}`) === 2) second.resolve();
  });
  using _end = await bus.subscribe("end", () => last.resolve());
  await bus.publish("a/b", { n: 1 });
  await bus.publish("b/a", "not this");
  await bus.publish("a/c", new Uint8Array([120]));
  await second.promise;
  wanted[Symbol.dispose]();
  await bus.publish("a/d", "too late");
  await bus.publish("end", "");
  await last.promise;
  assertEquals(got, ['a/b={"n":1}', "a/c=x"]);
});

Deno.test("after an outage a bus hears again what it listened to; an end that was asked for is no outage", async () => {
  const port = freePort();
  const first = await startEmbedded(port);
  const statuses: string[] = [];
  const changed: (() => void)[] = [];
  const bus = await connect(port, ({ kind }) => {
    statuses.push(kind);
    changed.shift()?.();
  });
  const next = () => new Promise<void>((resolve) => changed.push(resolve));
  const heard = Promise.withResolvers<string>();
  using _subscription = await bus.subscribe("a", ({ payload }) => heard.resolve(text(payload)));
  const down = next();
  await first[Symbol.asyncDispose]();
  await down;
  const up = next();
  await using second = await startEmbedded(port);
  await up;
  await using other = await connect(second.port);
  // The subscription is made anew some time after the connection: again, until it is heard.
  const again = setInterval(() => void other.publish("a", "hello"), 50);
  assertEquals(await heard.promise, "hello");
  clearInterval(again);
  await bus[Symbol.asyncDispose]();
  assertEquals(statuses, ["disconnected", "connected"]);
});

Deno.test("a command's answer, its refusal, and silence are told apart", async () => {
  await using stage = await Stage.set();
  await using bus = await connect(stage.broker.port);
  const commander = new Commander(bus, undefined);
  assertEquals((await commander.command(stage.node.name, "list", {})).agents, []);
  await assertRejects(
    () => commander.command(stage.node.name, "stop", { name: "nobody" }),
    RefusedError,
    "it is not running on",
  );
  await assertRejects(
    () => commander.command("nowhere", "list", {}, { timeoutMs: 100 }),
    NoAnswerError,
    "Node 'nowhere' did not answer within 0.1 s",
  );
  await assertRejects(
    () => commander.task("nobody", {}, 100),
    NoAnswerError,
    "Agent 'nobody' did not answer",
  );
});

Deno.test("a survey knows a node and its agents at once, and names who is silent", async () => {
  await using stage = await Stage.set();
  await stage.spawn({ name: "seen", code: "function process() {}" });
  await stage.bus.publish("nodes/ghost/status", { node: "ghost", status: "online" }, { retain: true });
  await using bus = await connect(stage.broker.port);
  const operator = { bus, commander: new Commander(bus, undefined), fleet: new Fleet() };
  assertEquals(await survey(operator, { answerMs: 500 }), ["ghost"]);
  const node = operator.fleet.node(stage.node.name);
  assertEquals([node?.isOnline, node?.agents], [true, ["seen"]]);
  // Not only that it is online: what its heartbeat says, without waiting for the next one.
  assert(node?.version !== undefined && node.lastSeenMs !== undefined);
  assertEquals(operator.fleet.agentNamed("seen")?.state, "running");
});

Deno.test("spawn tells of installing, and of a first start that crashes and a second that works", async () => {
  await using stage = await Stage.set();
  await using bus = await connect(stage.broker.port);
  const operator = { bus, commander: new Commander(bus, undefined), fleet: new Fleet() };
  const code =
    "function setup(agent) { if (agent.recall('x')) return; agent.persist('x', 1); Deno.exit(1); }";
  const progress: string[] = [];
  const outcome = await spawn(operator, stage.node.name, { name: "twice", code, restart_delay: 0.05 }, {
    onProgress: (message) => progress.push(message),
  });
  assertEquals(outcome.kind, "running");
  assertMatch(progress.join("\n"), /supervisor: Agent crashed, restarting/);
});

Deno.test("spawn on a node of another kind, which answers nothing, goes by what it says", async () => {
  await using broker = await startEmbedded();
  await using bus = await connect(broker.port);
  await using peer = await connect(broker.port);
  const operator = { bus, commander: new Commander(bus, undefined), fleet: new Fleet() };
  using _peer = await peer.subscribe("nodes/py/spawn", () => {
    void peer.publish("agents/py/logs", { type: "spawned", child_name: "x", message: "started", node: "py" });
    void peer.publish("agents/some-id/heartbeat", { name: "x", state: "running", node: "py" });
  });
  const outcome = await spawn(operator, "py", { name: "x", code: "" }, { timeoutMs: 500, answerMs: 200 });
  assertEquals([outcome.kind, outcome.node], ["running", "py"]);
});

Deno.test("listening ends by a count, by a time, and by its signal", async () => {
  await using broker = await startEmbedded();
  await using bus = await connect(broker.port);
  const operator = { bus, commander: new Commander(bus, undefined), fleet: new Fleet() };
  await bus.publish("a", "kept", { retain: true });
  const topics: string[] = [];
  const filters = ["#", "a"];
  const { signal } = new AbortController();
  await listen(operator, { filters, signal, onMessage: ({ topic }) => topics.push(topic) > 0 });
  assertEquals(topics, ["a"]);
  await listen(operator, { filters: ["b"], forMs: 20, signal, onMessage: () => false });
  await listen(operator, { filters: ["b"], signal: AbortSignal.abort(), onMessage: () => false });
});

/** A node that obeys and answers nobody, as those of another make do; its messages are those of its recordings. */
async function silentNode(bus: Bus): Promise<Disposable> {
  const name = "py-node";
  const say = (topic: string, value: unknown) => void bus.publish(topic, value);
  const subscriptions = new DisposableStack();
  subscriptions.use(
    await bus.subscribe(
      topics.node(name, "stop"),
      () =>
        say(topics.agent(actorId("sensor"), "heartbeat"), { name: "sensor", node: name, state: "stopped" }),
    ),
  );
  subscriptions.use(
    await bus.subscribe(
      topics.node(name, "stop_all"),
      () => say(topics.nodeHeartbeat(name), { node: name, status: "offline" }),
    ),
  );
  subscriptions.use(
    await bus.subscribe(topics.node(name, "migrate"), ({ payload }) => {
      const { name: agent, target_node } = JSON.parse(text(payload));
      say(topics.migrateResult(name), {
        agent,
        success: target_node === "hall",
        error: "no such agent",
        to_node: target_node,
      });
    }),
  );
  return subscriptions;
}

Deno.test("what a node that never answers is seen to do counts: stop, stop_all, migrate", async () => {
  await using broker = await startEmbedded();
  await using bus = await connect(broker.port);
  await using other = await connect(broker.port);
  using _node = await silentNode(other);
  const fleet = new Fleet();
  const operator = { bus, commander: new Commander(bus, undefined), fleet };
  const place = { name: "sensor", actorId: actorId("sensor"), node: "py-node" };
  fleet.apply(topics.nodeStatus("hall"), new TextEncoder().encode('{"status":"online"}'), Date.now());
  fleet.apply(topics.nodeStatus("attic"), new TextEncoder().encode('{"status":"online"}'), Date.now());

  assertEquals(await migrateFrom(operator, place, "hall"), { agent: "sensor", from: "py-node", to: "hall" });
  const error = await assertRejects(() => migrateFrom(operator, place, "attic"), RefusedError);
  assertEquals(error.message, "no such agent");
  await stopAt(operator, place);
  assertEquals(await stopNode(operator, "py-node"), []);
  // Nothing is seen of a restart.
  await assertRejects(() => pressAt(operator, place, "restart", { timeoutMs: 200 }), NoAnswerError);
});

Deno.test("who listens again to what was just let go of hears it", async () => {
  await using broker = await startEmbedded();
  await using bus = await connect(broker.port);
  for (let round = 0; round < 20; round++) {
    (await bus.subscribe("a", () => {}))[Symbol.dispose]();
    const heard = Promise.withResolvers<void>();
    using _again = await bus.subscribe("a", () => heard.resolve());
    await bus.publish("a", "x");
    await heard.promise;
  }
});
