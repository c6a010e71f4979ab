import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { BROKER_LIMITS, type BrokerLimits, startEmbeddedBroker } from "../../../../runner/broker/embedded.ts";
import { connectRaw, type PublishOptions } from "../../../support/raw_mqtt.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
/** Topic and id come before the content. */
const contents = (packets: readonly Uint8Array[]) => packets.map((packet) => text(packet).slice(-2));

/** A broker that ends as if it were killed: what lies on disk at that moment goes to the next. */
class Scene implements AsyncDisposable {
  readonly said: string[] = [];
  #generation = 0;
  #close: () => Promise<void> = () => Promise.resolve();
  port = 0;

  private constructor(private readonly root: string, private readonly limits: BrokerLimits) {}

  static async start(limits = BROKER_LIMITS): Promise<Scene> {
    const scene = new Scene(await Deno.makeTempDir(), limits);
    await scene.#start();
    return scene;
  }

  get dir(): string {
    return join(this.root, String(this.#generation));
  }

  async #start(): Promise<void> {
    const { dir, limits } = this;
    const broker = await startEmbeddedBroker({ port: 0, dir, limits, say: (line) => this.said.push(line) });
    this.port = broker.port;
    this.#close = () => broker.close();
  }

  async restart(change: (dir: string) => Promise<void> = () => Promise.resolve()): Promise<void> {
    const before = this.dir;
    this.#generation += 1;
    await Deno.mkdir(this.dir);
    for await (const { name } of Deno.readDir(before)) {
      await Deno.copyFile(join(before, name), join(this.dir, name));
    }
    await this.#close();
    await change(this.dir);
    await this.#start();
  }

  /** Publishes, and waits until the broker has acknowledged all. */
  async publish(topic: string, messages: readonly string[], options: PublishOptions = {}): Promise<void> {
    await using client = await connectRaw(this.port, { clientId: "sender" });
    for (const message of messages) {
      client.publish(topic, new TextEncoder().encode(message), { qos: 1, ...options });
    }
    await client.acknowledged(messages.length);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
    await Deno.remove(this.root, { recursive: true });
  }
}

Deno.test("a session and its acknowledged messages survive a kill, in order", async () => {
  await using scene = await Scene.start();
  {
    await using client = await connectRaw(scene.port, { clientId: "away", clean: false });
    await client.subscribe("data/+", 1);
  }
  const messages = Array.from({ length: 50 }, (_, index) => String(index).padStart(2, "0"));
  await scene.publish("data/x", messages);
  await scene.restart();
  {
    await using client = await connectRaw(scene.port, { clientId: "away", clean: false });
    assertEquals(client.sessionPresent, true);
    assertEquals(contents(await client.received(50)), messages);
  }
  // It has acknowledged none of them.
  await scene.restart();
  await using client = await connectRaw(scene.port, { clientId: "away", clean: false });
  await scene.publish("data/y", ["zz"]);
  assertEquals(contents(await client.received(51)), [...messages, "zz"]);
});

Deno.test("retained messages survive a kill, and cleared ones do not come back", async () => {
  await using scene = await Scene.start();
  for (const topic of ["a", "b", "c"]) await scene.publish(topic, ["01", "02"], { retain: true });
  await scene.publish("b", [""], { retain: true });
  await scene.restart();
  await using client = await connectRaw(scene.port);
  await client.subscribe("#");
  assertEquals(contents(await client.received()).length, 2);
  assertEquals(contents(await client.received()), ["02", "02"]);
});

Deno.test("a session that has ended leaves nothing", async () => {
  await using scene = await Scene.start();
  {
    await using client = await connectRaw(scene.port, { clientId: "away", clean: false });
    await client.subscribe("data", 1);
  }
  await scene.publish("data", ["01"]);
  await (await connectRaw(scene.port, { clientId: "away" }))[Symbol.asyncDispose]();
  // Written with the next that is waited for.
  await scene.publish("other", ["01"], { retain: true });
  await scene.restart();
  await using client = await connectRaw(scene.port, { clientId: "away", clean: false });
  assertEquals([client.sessionPresent, (await client.received()).length], [false, 0]);
});

Deno.test("what is stored counts toward the limits after a restart", async () => {
  const retained = { ...BROKER_LIMITS.store.retained, messages: 2 };
  await using scene = await Scene.start({ ...BROKER_LIMITS, store: { ...BROKER_LIMITS.store, retained } });
  for (const topic of ["a", "b"]) await scene.publish(topic, ["01"], { retain: true });
  await scene.restart();
  await scene.publish("c", ["01"], { retain: true });
  await using client = await connectRaw(scene.port);
  await client.subscribe("#");
  assertEquals((await client.received()).length, 2);
  assertMatch(scene.said.join(), /stores no more retained messages/);
});

Deno.test("a damaged file is set aside, and said", async () => {
  await using scene = await Scene.start();
  await scene.publish("a", ["01"], { retain: true });
  await scene.restart(async (dir) => {
    await Deno.writeTextFile(join(dir, "broker.db"), "this is no database".repeat(1000));
    await Deno.remove(join(dir, "broker.db-wal"));
  });
  assertMatch(scene.said.join("\n"), /Cannot open[^]*set aside as .*broker\.db\.damaged-/);
  await scene.publish("a", ["02"], { retain: true });
  await scene.restart();
  await using client = await connectRaw(scene.port);
  await client.subscribe("#");
  assertEquals(contents(await client.received()), ["02"]);
});

Deno.test("two brokers do not share a file, which no other user may read", async () => {
  await using scene = await Scene.start();
  const { dir } = scene;
  await assertRejects(() => startEmbeddedBroker({ port: 0, dir }), Error, "another process uses");
  assertEquals(((await Deno.stat(dir)).mode ?? 0) & 0o777, 0o700);
  for await (const { name } of Deno.readDir(dir)) {
    assertEquals([name, ((await Deno.stat(join(dir, name))).mode ?? 0) & 0o777], [name, 0o600]);
  }
});

Deno.test("retained and other messages sent together all arrive, in order", async () => {
  await using scene = await Scene.start();
  await using reader = await connectRaw(scene.port, { clientId: "reader" });
  await reader.subscribe("t/+", 1);
  await using client = await connectRaw(scene.port, { clientId: "sender" });
  const sent = [...Array(20).keys()].map((n) => String(n).padStart(2, "0"));
  client.publishTogether(sent.flatMap((content, index) => {
    const message = { payload: new TextEncoder().encode(content), qos: 1 } as const;
    return [{ ...message, topic: "unread" }, { ...message, topic: `t/${index}`, retain: index % 2 === 0 }];
  }));
  await client.acknowledged(2 * sent.length);
  assertEquals(contents(await reader.received()), sent);
});
