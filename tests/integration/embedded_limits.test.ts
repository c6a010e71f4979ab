/** The embedded broker keeps and holds only so much, and goes on for all others. */
import { assert, assertEquals } from "@std/assert";
import { BROKER_LIMITS, type BrokerLimits, startEmbeddedBroker } from "../../runner/broker/embedded.ts";
import { Bus } from "../support/bus.ts";
import { connectRaw, type RawClient } from "../support/raw_mqtt.ts";

const KIB = 1024;
const LIMITS: BrokerLimits = {
  ...BROKER_LIMITS,
  connections: 20,
  packetBytes: 64 * KIB,
  queuedBytes: 4 * KIB * KIB,
  bufferedBytes: 256 * KIB,
  subscriptions: 50,
  store: {
    retained: { messages: 20, bytes: 10 * KIB },
    sessions: 3,
    waiting: { messages: 10, bytes: 20 * KIB },
    waitingBytes: 50 * KIB,
    unfinishedBytes: 10 * KIB,
  },
};

interface Field {
  readonly port: number;
  readonly bus: Bus;
  readonly said: readonly string[];
}

function law(name: string, test: (field: Field) => Promise<void>): void {
  Deno.test(name, async () => {
    const said: string[] = [];
    const broker = await startEmbeddedBroker({
      port: 0,
      limits: LIMITS,
      say: (message) => said.push(message),
    });
    try {
      await using bus = await Bus.connect(broker.port);
      await test({ port: broker.port, bus, said });
      // Whatever happened, others are served.
      await bus.publish("still/there", { yes: true });
      await bus.on("still/there");
    } finally {
      await broker.close();
    }
  });
}

/** `count` clients one after the other. */
async function clients(port: number, count: number, options = {}): Promise<RawClient[]> {
  const all: RawClient[] = [];
  for (let n = 0; n < count; n++) all.push(await connectRaw(port, { clientId: `raw-${n}`, ...options }));
  return all;
}

law("a packet that is too large ends its connection", async ({ port }) => {
  await using client = await connectRaw(port);
  client.publish("large", new Uint8Array(65 * KIB));
  await client.closed;
});

law("what is no packet ends its connection", async ({ port }) => {
  for (const bytes of [[0x30, 0xff, 0xff, 0xff, 0xff], [0x10, 2, 1, 1], [0xf0, 0], [0x82, 1, 0]]) {
    await using client = await connectRaw(port);
    client.write(new Uint8Array(bytes));
    await client.closed;
  }
});

law("connections beyond the limit are closed at once", async ({ port }) => {
  const all = await clients(port, 19);
  // Its own is the twentieth.
  await using one = await connectRaw(port, { clientId: "more" }).catch(() => undefined);
  assertEquals(one, undefined);
  for (const client of all) await client[Symbol.asyncDispose]();
});

law("unfinished packets of many connections are held up to a sum", async ({ port }) => {
  const all = await clients(port, 10);
  for (const client of all) {
    client.write(new Uint8Array([0x30, 0x80, 0x80, 0x04, ...new Uint8Array(60 * KIB)]));
  }
  await Promise.race(all.map(({ closed }) => closed));
  for (const client of all) await client[Symbol.asyncDispose]();
});

law("so many retained messages are kept; those that are kept can be replaced and cleared", async (field) => {
  const { port, bus, said } = field;
  await using client = await connectRaw(port);
  for (let n = 0; n < 40; n++) client.publish(`kept/${n}`, new Uint8Array(100), { retain: true, qos: 1 });
  await client.acknowledged(40);
  const kept = async () => {
    await using reader = await connectRaw(port, { clientId: "reader" });
    await reader.subscribe("kept/#");
    return await reader.received();
  };
  assertEquals((await kept()).length, 20);
  assertEquals(said.length, 1);
  client.publish("kept/0", new Uint8Array(50), { retain: true, qos: 1 });
  client.publish("kept/1", new Uint8Array(), { retain: true, qos: 1 });
  await client.acknowledged(42);
  assertEquals((await kept()).length, 19);
  await bus.on("kept/39");
});

law("so many sessions are kept for clients that are away", async ({ port, said }) => {
  for (let n = 0; n < 8; n++) {
    await using client = await connectRaw(port, { clientId: `away-${n}`, clean: false });
    await client.subscribe("news", 1);
  }
  assert(said.some((one) => one.includes("sessions")));
  const returns = async (n: number) => {
    await using client = await connectRaw(port, { clientId: `away-${n}`, clean: false });
    return client.sessionPresent;
  };
  assertEquals([await returns(7), await returns(0)], [true, false]);
});

law("what waits for one that is away is bounded, and so is what waits for all", async ({ port, bus }) => {
  for (let n = 0; n < 3; n++) {
    await using client = await connectRaw(port, { clientId: `away-${n}`, clean: false });
    await client.subscribe("news", 1);
  }
  for (let n = 0; n < 30; n++) await bus.publish("news", new Uint8Array(1500));
  await using client = await connectRaw(port, { clientId: "away-1", clean: false });
  const waited = await client.received();
  assert(waited.length <= 10, `${waited.length} messages`);
});

law(
  "one that is there is sent what is not kept for it, however little it acknowledges",
  async ({ port, bus }) => {
    await using client = await connectRaw(port, { clientId: "lazy", clean: false });
    await client.subscribe("news", 1);
    for (let n = 0; n < 30; n++) await bus.publish("news", { n });
    assertEquals((await client.received(30)).length, 30);
  },
);

law("messages of QoS 2 that nobody finishes are held up to a sum", async ({ port }) => {
  await using client = await connectRaw(port);
  for (let n = 0; n < 20; n++) client.publish("half", new Uint8Array(1000), { qos: 2 });
  await client.closed;
});

law("so many subscriptions are confirmed to one connection", async ({ port }) => {
  await using client = await connectRaw(port);
  const granted = await client.subscribeAll(Array.from({ length: 60 }, (_, n) => `topic/${n}`));
  assertEquals(granted.filter((qos) => qos === 128).length, 10);
});
