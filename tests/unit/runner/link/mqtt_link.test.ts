import { once } from "node:events";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { parseBroker, parseBrokers } from "../../../../protocol/broker/broker_url.ts";
import { SILENCE_MS } from "../../../../runner/link/caution.ts";
import { memoryKeeper } from "../../../../runner/link/keeper.ts";
import { entry } from "../../../../runner/link/entry.ts";
import type { MessageClass, OutgoingMessage, RefusedFilter } from "../../../../runner/link/link.ts";
import { MqttLink, type MqttLinkOptions } from "../../../../runner/link/mqtt_link.ts";
import { STANDS_MS } from "../../../../runner/link/outage.ts";
import { createLogger } from "../../../../runner/logger.ts";
import { FakeClock, settled } from "../../../support/fake_clock.ts";
import { FakeDialer, FakeMqttClient } from "../../../support/fake_mqtt_client.ts";

const REFUSED = Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
/** Longer than any wait between two attempts. */
const ANY_DELAY_MS = 5_000;

class Scene {
  readonly clock = new FakeClock();
  readonly dialer = new FakeDialer();
  readonly log: string[] = [];
  /** Calls of the listener, and publications that have settled. */
  readonly events: string[] = [];
  openings = 0;
  readonly link: MqttLink;
  #running: Promise<void> | undefined;

  constructor(options: Partial<MqttLinkOptions> = {}) {
    this.link = new MqttLink({
      broker: parseBroker("broker", undefined),
      access: {},
      clientId: "the-client",
      persistent: true,
      limits: { messages: 100, bytes: 100_000 },
      keeper: memoryKeeper,
      clock: this.clock,
      log: createLogger("INFO", (line) => this.log.push(line.replace(/^\S+ /, ""))),
      open: this.dialer.open,
      lookUp: () => Promise.resolve([]),
      ...options,
    });
  }

  get client(): FakeMqttClient {
    return this.dialer.last;
  }

  async run(): Promise<void> {
    this.#running = this.link.run({
      onMessage: ({ topic }) => this.events.push(`message ${topic}`),
      onOpening: () => this.openings += 1,
      onConnected: () => {
        this.events.push("connected");
        this.publish("birth");
      },
      onDisconnected: (reason) => this.events.push(`disconnected: ${reason}`),
      onRefused: ({ filter }) => this.events.push(`refused ${filter}`),
    });
    await settled();
  }

  publish(payload: string, messageClass: MessageClass = "control"): void {
    const message = { topic: `of/${payload}`, payload, qos: 1, retain: false, class: messageClass } as const;
    void this.link.publish(message).then(() => this.events.push(`settled ${payload}`));
  }

  /** The connection breaks, and the link opens the next one. */
  async breaks(error?: Error): Promise<void> {
    const opened = this.dialer.clients.length;
    await this.client.close(error);
    await this.clock.advance(ANY_DELAY_MS);
    assertEquals(this.dialer.clients.length, opened + 1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
    await this.link.close(0);
    await this.#running;
  }
}

Deno.test("a connection begins with its subscriptions, then the listener's message, then what agents published", async () => {
  await using scene = new Scene();
  void scene.link.subscribe(["a/+", "b"]);
  scene.publish("reading", "telemetry");
  await scene.run();
  assertEquals(scene.client.sent, [], "nothing before the broker has accepted the client");
  await scene.client.accept();
  assertEquals(scene.client.sent, ["subscribe a/+, b"], "nothing before the broker has confirmed them");
  assertEquals(scene.openings, 1, "the broker may act on them before it confirms them");
  await scene.client.grant();
  assertEquals(scene.client.sent, ["subscribe a/+, b", "publish birth", "publish reading"]);
  assertEquals(scene.link.connected, true);
});

Deno.test("what the broker did not acknowledge is sent again on the next connection, in order", async () => {
  await using scene = new Scene();
  await scene.run();
  await scene.client.accept();
  for (const name of ["one", "two", "three"]) scene.publish(name);
  await scene.client.ack("birth");
  await scene.client.ack("two");
  assertEquals([scene.events, scene.link.queued], [["connected", "settled birth", "settled two"], 2]);
  await scene.breaks(new Error("broken pipe"));
  assertEquals(scene.link.connected, false);
  await scene.client.accept();
  assertEquals(scene.client.sent, ["publish one", "publish three", "publish birth"]);
});

Deno.test("who follows the messages is told what becomes of each, also of those that an earlier process has left", async () => {
  const left = entry(
    { topic: "of/left", payload: "left", qos: 1, retain: false, class: "telemetry" },
    () => {},
  );
  await using scene = new Scene({
    keeper: { ...memoryKeeper, load: () => [left] },
    limits: { messages: 2, bytes: 1000 },
  });
  const told: string[] = [];
  const tell = (what: string) => ({ payload }: OutgoingMessage) => void told.push(`${what} ${payload}`);
  scene.link.follow({
    onRestored: tell("restored"),
    onSent: tell("sent"),
    onAcknowledged: tell("acknowledged"),
    onBroken: tell("broken"),
    onDropped: tell("dropped"),
  });
  await scene.run();
  await scene.client.accept();
  await scene.client.ack("birth");
  assertEquals(told.splice(0), ["restored left", "sent birth", "sent left", "acknowledged birth"]);
  await scene.breaks(new Error("broken pipe"));
  for (const name of ["one", "two"]) scene.publish(name, "telemetry");
  assertEquals(told.splice(0), ["broken left", "dropped left"]);
  await scene.client.accept();
  // There is room for two, and what says that the node is there goes first.
  assertEquals(told, ["dropped one", "sent birth", "sent two"]);
});

Deno.test("an outage is reported once with its reason, and so is its end", async () => {
  await using scene = new Scene();
  await scene.run();
  for (let attempt = 0; attempt < 4; attempt++) await scene.breaks(REFUSED);
  assertEquals(scene.log, [
    "WARNING No connection to the broker at mqtt://broker:1883: connection refused (is a broker running there?). " +
    "Retrying until it is there.",
  ]);
  await scene.client.accept();
  assertEquals(scene.log.slice(1), ["INFO    Connected to mqtt://broker:1883"]);
  assertEquals(scene.events, ["connected"], "a connection that never was is not reported as lost");
});

Deno.test("a lost connection is reported to the listener, and nothing of it arrives any more", async () => {
  await using scene = new Scene();
  await scene.run();
  await scene.client.accept();
  const { client } = scene;
  await client.deliver("a", "1");
  await scene.breaks();
  await client.deliver("a", "2");
  assertEquals(scene.events.filter((event) => !event.startsWith("settled")), [
    "connected",
    "message a",
    "disconnected: the broker closed the connection",
  ]);
});

Deno.test("a subscription before the first attempt waits for its outcome", async () => {
  await using scene = new Scene();
  const refused: (readonly RefusedFilter[])[] = [];
  void scene.link.subscribe(["a", "b"]).then((answer) => refused.push(answer));
  await scene.run();
  assertEquals(refused, []);
  await scene.client.accept();
  await scene.client.grant(["b"]);
  assertEquals(refused.map((answer) => answer.map(({ filter }) => filter)), [["b"]]);
  assertEquals(scene.events.includes("refused b"), false, "the subscriber has the answer already");
});

Deno.test("while the link is down, a subscription resolves at once; a later refusal goes to the listener", async () => {
  await using scene = new Scene();
  await scene.run();
  await scene.breaks(REFUSED);
  assertEquals(await scene.link.subscribe(["a", "b"]), []);
  await scene.client.accept();
  await scene.client.grant(["a"]);
  assertEquals(scene.events.filter((event) => event.startsWith("refused")), ["refused a"]);
});

Deno.test("on a live connection a subscription is sent at once, and one that was dropped is not sent again", async () => {
  await using scene = new Scene();
  await scene.run();
  await scene.client.accept();
  const answer = scene.link.subscribe(["a", "b"]);
  await scene.client.grant(["a"]);
  assertEquals((await answer).map(({ filter }) => filter), ["a"]);
  scene.link.unsubscribe(["a"]);
  assertEquals(scene.client.sent, ["publish birth", "subscribe a, b", "unsubscribe a"]);
  await scene.breaks();
  await scene.client.accept();
  assertEquals(scene.client.sent[0], "subscribe b");
});

Deno.test("after two connections broke with something in flight, the link is silent first, then sends one by one", async () => {
  await using scene = new Scene();
  void scene.link.subscribe(["a"]);
  await scene.run();
  for (let broken = 0; broken < 2; broken++) {
    await scene.client.accept();
    await scene.client.grant();
    await scene.breaks();
  }
  await scene.client.accept();
  await scene.clock.advance(SILENCE_MS - 1);
  assertEquals(scene.client.sent, []);
  await scene.clock.advance(1);
  assertEquals(scene.client.sent, ["subscribe a"]);
  await scene.client.grant();
  assertEquals(scene.client.sent.length, 2, "one message");
  await scene.client.ack(scene.client.published[0]?.text ?? "");
  await scene.clock.advance(100);
  assertEquals(scene.client.sent.length, 3, "the next, once the first one is known to have arrived");
});

Deno.test("a broker that closes the silent connection too is not blamed on what is sent", async () => {
  await using scene = new Scene();
  await scene.run();
  for (let broken = 0; broken < 2; broken++) {
    await scene.client.accept();
    await scene.breaks();
  }
  await scene.client.accept();
  await scene.breaks();
  await scene.client.accept();
  assertEquals(scene.client.sent[0], "publish birth", "without silence");
  assertEquals(scene.link.dropped, 0);
});

Deno.test("a connection that stands ends careful mode", async () => {
  await using scene = new Scene();
  await scene.run();
  for (let broken = 0; broken < 2; broken++) {
    await scene.client.accept();
    await scene.breaks();
  }
  await scene.client.accept();
  await scene.clock.advance(SILENCE_MS);
  assertEquals(scene.client.published.length, 1);
  await scene.clock.advance(STANDS_MS - SILENCE_MS);
  assertEquals(scene.client.published.length, scene.link.queued, "all at once");
});

Deno.test("a will that only some brokers refuse is tried again before the link settles for less", async () => {
  await using scene = new Scene({ will: () => ({ topic: "gone", payload: "bye" }) });
  const wills = () => scene.dialer.clients.map(({ options: { will } }) => will && [will.retain, will.qos]);
  await scene.run();
  await scene.breaks();
  assertEquals(wills(), [[true, 1], [false, 1]]);
  assertEquals(scene.log, [], "the next attempt may show that the will was the reason");
  await scene.client.accept();
  assertEquals(wills(), [[true, 1], [false, 1], [true, 1]], "at once");
  assertEquals(scene.events, [], "the trial is not a connection");
  await scene.breaks();
  await scene.client.accept();
  assertEquals(wills().at(-1), [false, 1]);
  assertEquals(scene.events, ["connected"]);
  assertEquals(scene.log.filter((line) => /does not support retained messages/.test(line)).length, 1);
});

Deno.test("a broker that is absent or says why it refuses does not cost the will", async () => {
  await using scene = new Scene({ will: () => ({ topic: "gone", payload: "bye" }) });
  await scene.run();
  await scene.breaks(REFUSED);
  await scene.breaks(Object.assign(new Error("no"), { code: 5 }));
  assertEquals(scene.client.options.will?.retain, true);
  assertMatch(scene.log.at(-1) ?? "", /give --username and --password-file/);
});

Deno.test("closing waits for the broker to have all, ends the connection and opens no other", async () => {
  let disposed = 0;
  const scene = new Scene({ keeper: { ...memoryKeeper, [Symbol.dispose]: () => disposed += 1 } });
  await scene.run();
  await scene.client.accept();
  let isClosed = false;
  const closing = scene.link.close(1_000).then(() => isClosed = true);
  await scene.clock.advance(999);
  assertEquals([isClosed, scene.client.sent.includes("end")], [false, false]);
  await scene.client.ack("birth");
  await closing;
  await scene.clock.advance(60_000);
  assertEquals([scene.client.sent.at(-1), scene.dialer.clients.length, disposed], ["end", 1, 1]);
});

Deno.test("closing does not wait longer than it was given", async () => {
  const scene = new Scene();
  await scene.run();
  await scene.client.accept();
  const closing = scene.link.close(1_000);
  await scene.clock.advance(1_000);
  await closing;
  assert(scene.client.sent.includes("end"));
});

Deno.test("an unencrypted connection that is not vetted is refused with the reason, and costs no will", async () => {
  using impostor = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const ports: number[] = [];
  await using scene = new Scene({
    broker: parseBroker("127.0.0.1", impostor.addr.port),
    will: () => ({ topic: "gone", payload: "bye" }),
    vet: ({ port, localPort }) => {
      assertEquals(port, impostor.addr.port);
      ports.push(localPort);
      return "an agent listens there";
    },
  });
  await scene.run();
  const stream = scene.dialer.streams[0]?.();
  assert(stream !== undefined);
  const closed = once(stream, "close");
  using conn = await impostor.accept();
  await closed;
  assertEquals(ports, [(conn.remoteAddr as Deno.NetAddr).port]);
  await scene.breaks();
  assertMatch(scene.log.join(), /an agent listens there/);
  assertEquals(scene.client.options.will?.retain, true);
});

Deno.test("an encrypted connection is not vetted: TLS checks who is there", async () => {
  await using scene = new Scene({ broker: parseBroker("mqtts://broker", undefined), vet: () => "no" });
  await scene.run();
  assertEquals(scene.dialer.streams, [undefined]);
});

const CLUSTER = parseBrokers("a,b,c", undefined);
const [A, B, C] = ["mqtt://a:1883", "mqtt://b:1883", "mqtt://c:1883"];

Deno.test("of several addresses the next is tried when one fails, and all of them before there is a pause", async () => {
  await using scene = new Scene({ broker: CLUSTER });
  await scene.run();
  for (let n = 0; n < 2; n++) {
    await scene.client.close(REFUSED);
    await scene.clock.advance(200);
  }
  assertEquals(scene.dialer.urls, [A, B, C]);
  assertEquals(scene.log.map((line) => /mqtt:\S+(?=:)|Trying the next address|Retrying/.exec(line)?.[0]), [
    A,
    B,
  ]);
  await scene.client.accept();
  assertEquals(scene.link.address, C);
  assertMatch(scene.log.at(-1) ?? "", /Connected to mqtt:\/\/c:1883/);
  await scene.breaks();
  await scene.client.accept();
  assertEquals([scene.dialer.urls.at(-1), scene.link.address], [A, A]);
});

Deno.test("an address that answers one subscription after the other is given the time", async () => {
  await using scene = new Scene({ broker: CLUSTER });
  void scene.link.subscribe(["a", "b", "c", "d", "e"]);
  await scene.run();
  await scene.client.accept();
  assertEquals(scene.client.sent, ["subscribe a, b", "subscribe c, d", "subscribe e"]);
  for (let n = 0; n < 2; n++) {
    await scene.clock.advance(3900);
    await scene.client.grant();
  }
  assertEquals([scene.dialer.urls, scene.events], [[A], []]);
  await scene.client.grant();
  assertEquals(scene.events, ["connected"]);
});

Deno.test("an address that lets the client in, but answers no subscription, is left for the next", async () => {
  await using scene = new Scene({ broker: CLUSTER });
  void scene.link.subscribe(["a"]);
  await scene.run();
  await scene.client.accept();
  await scene.clock.advance(4000 + 200);
  assertEquals(scene.dialer.urls, [A, B]);
  assertMatch(scene.log.join(), /mqtt:\/\/a:1883: no answer to subscriptions within 4 s/);
  await scene.client.accept();
  await scene.client.grant();
  await scene.clock.advance(STANDS_MS);
  assertEquals(scene.link.address, B);
});

Deno.test("where there is another address, one that is silent is noticed sooner", async () => {
  const patience = async (broker = CLUSTER) => {
    await using scene = new Scene({ broker });
    await scene.run();
    return [scene.client.options.connectTimeout, scene.client.options.keepalive];
  };
  assertEquals([await patience(), await patience(parseBroker("a", undefined))], [[4000, 5], [10_000, 15]]);
});

Deno.test("the only address, too, is connected to again when it answers no subscription", async () => {
  await using scene = new Scene();
  void scene.link.subscribe(["a"]);
  await scene.run();
  await scene.client.accept();
  await scene.clock.advance(10_000 + ANY_DELAY_MS);
  assertEquals(scene.dialer.clients.length, 2);
  assertEquals(scene.link.address, undefined);
});

Deno.test("a broker that acknowledges nothing is left, and nothing that was sent is blamed for it", async () => {
  await using scene = new Scene();
  await scene.run();
  for (let n = 0; n < 3; n++) {
    await scene.client.accept();
    const { length } = scene.dialer.clients;
    await scene.clock.advance(45_000);
    assertEquals(scene.dialer.clients.length, length);
    await scene.clock.advance(30_000 + ANY_DELAY_MS);
    assertEquals(scene.dialer.clients.length, length + 1);
  }
  assertMatch(scene.log.join(), /nothing that was sent has been acknowledged for 60 s/);
  await scene.client.accept();
  // In careful mode it would be silent first.
  assert(scene.client.sent.includes("publish birth"));
  assertEquals([scene.link.dropped, scene.link.queued], [0, 4]);
});

Deno.test("a broker that acknowledges now and then is not left", async () => {
  await using scene = new Scene();
  await scene.run();
  await scene.client.accept();
  for (const text of ["one", "two", "three"]) {
    scene.publish(text);
    await scene.clock.advance(40_000);
    await scene.client.ack(text);
  }
  assertEquals(scene.dialer.clients.length, 1);
});
