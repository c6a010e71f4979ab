/** What leaves a lean client, byte for byte, and what it makes of the answers. */
import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import { openLeanClient } from "../../../../runner/link/lean_client.ts";
import { untilSettled } from "../../../support/until.ts";

const BROKER = { host: "127.0.0.1", port: 1883, url: "mqtt://127.0.0.1:1883" };
const CONNACK = [0x20, 2, 0, 0];

interface Sent {
  /** The type of the packet, and its flags. */
  readonly first: number;
  readonly body: Buffer;
}

/** A broker at the other end of the stream: it lets everybody in, and answers nothing else by itself. */
class FakeBroker extends Duplex {
  readonly packets: Sent[] = [];
  /** Writes that have come, each of any number of packets. */
  writes = 0;
  #rest = Buffer.alloc(0);

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    this._writev([{ chunk }], callback);
  }

  override _writev(chunks: readonly { readonly chunk: Buffer }[], callback: () => void): void {
    this.writes += 1;
    const chunk = Buffer.concat(chunks.map(({ chunk }) => chunk));
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (let packet = this.#take(); packet !== undefined; packet = this.#take()) {
      this.packets.push(packet);
      if (packet.first >> 4 === 1) this.push(Buffer.from(CONNACK));
    }
    callback();
  }

  acknowledge(id: number): void {
    this.push(Buffer.from([0x40, 2, id >> 8, id & 0xff]));
  }

  #take(): Sent | undefined {
    let [length, at] = [0, 1];
    for (let shift = 0; at < this.#rest.length; shift += 7) {
      const digit = this.#rest[at++] ?? 0;
      length |= (digit & 0x7f) << shift;
      if (digit >= 0x80) continue;
      if (this.#rest.length < at + length) return undefined;
      const packet = { first: this.#rest[0] ?? 0, body: this.#rest.subarray(at, at + length) };
      this.#rest = this.#rest.subarray(at + length);
      return packet;
    }
    return undefined;
  }
}

async function scene() {
  const broker = new FakeBroker();
  const client = openLeanClient(
    BROKER,
    { clientId: "c", reconnectPeriod: 0, keepalive: 0, log: () => {} },
    () => broker,
  );
  await untilSettled("it is let in", () => client.connected);
  const settled: string[] = [];
  const publish = (topic: string, payload: string | Buffer, qos: 0 | 1 | 2 = 1, retain = false) =>
    client.publish(topic, payload, { qos, retain }, () => settled.push(topic));
  const published = () => broker.packets.filter(({ first }) => first >> 4 === 3).map(read);
  return {
    broker,
    client,
    publish,
    published,
    settled,
    [Symbol.asyncDispose]: async () => {
      // The library's store has set a timer of no length as the connection began: it is over then.
      await new Promise((resolve) => setTimeout(resolve, 1));
      await client.endAsync(true);
      broker.destroy();
    },
  };
}

function read({ first, body }: Sent) {
  const topicEnd = 2 + body.readUInt16BE(0);
  const qos = first >> 1 & 3;
  const id = qos === 0 ? 0 : body.readUInt16BE(topicEnd);
  const payload = body.subarray(topicEnd + (qos === 0 ? 0 : 2));
  return { topic: body.toString("utf8", 2, topicEnd), qos, retain: (first & 1) === 1, id, payload };
}

Deno.test("messages arrive as they were given, whatever their size and characters", async () => {
  await using s = await scene();
  const given: [topic: string, payload: string | Buffer, retain: boolean][] = [
    ["a", "", false],
    ["räume/küche/\u{1F321}", '{"temperatur":"21 °C"}', true],
    ["bytes", Buffer.from([0, 255, 128]), false],
    // The remaining length takes one byte more from each of these on.
    ...[127, 128, 16_383, 16_384, 2_097_152].map((size) =>
      ["s", "x".repeat(size - 5), false] as [string, string, boolean]
    ),
    ["large/bytes", Buffer.alloc(100_000, 7), true],
  ];
  for (const [topic, payload, retain] of given) s.publish(topic, payload, 1, retain);
  await untilSettled("all have left", () => s.published().length === given.length);
  for (const [n, { topic, payload, retain, qos }] of s.published().entries()) {
    const [wanted, content, kept] = given[n] ?? ["", "", false];
    assertEquals([topic, retain, qos], [wanted, kept, 1]);
    assert(payload.equals(Buffer.from(content)), `payload of message ${n}`);
  }
});

Deno.test("messages leave in the order they were given, whatever their quality of service", async () => {
  await using s = await scene();
  const order = ([1, 0, 1, 2, 1, 1, 0] as const).map((qos, n) => [`t/${n}`, qos] as const);
  for (const [topic, qos] of order) s.publish(topic, "x", qos);
  await untilSettled("all have left", () => s.published().length === order.length);
  assertEquals(s.published().map(({ topic, qos }) => [topic, qos]), order.map((each) => [...each]));
});

Deno.test("a message is settled when the broker has acknowledged it, and once", async () => {
  await using s = await scene();
  for (const topic of ["a", "b", "c"]) s.publish(topic, "x");
  await untilSettled("all have left", () => s.published().length === 3);
  assertEquals(s.settled, []);
  const [a, b, c] = s.published().map(({ id }) => id);
  for (const id of [b, b, 1, a, c]) s.broker.acknowledge(id ?? 0);
  await untilSettled("all are acknowledged", () => s.settled.length >= 3);
  assertEquals(s.settled, ["b", "a", "c"]);
});

Deno.test("no message in flight has the id of another, or of a subscription", async () => {
  await using s = await scene();
  const failures: Error[] = [];
  s.client.on("error", (error) => failures.push(error));
  const inFlight = 1024;
  const seen = new Set<number>();
  // Its acknowledgement never comes.
  s.publish("forgotten", "x");
  await untilSettled("it has left", () => s.published().length === 1);
  const [{ id: forgotten } = { id: 0 }] = s.published();
  // All ids are used, and used again.
  for (let round = 0; round < 40; round++) {
    s.broker.packets.length = s.settled.length = 0;
    for (let n = 0; n < inFlight; n++) s.publish("t", "x");
    s.client.subscribe("f", () => {});
    s.publish("t", "x", 2);
    const ids = () => s.published().filter(({ qos }) => qos === 1).map(({ id }) => id);
    await untilSettled("they have left", () => ids().length === inFlight);
    const others = [
      ...s.published().filter(({ qos }) => qos === 2).map(({ id }) => id),
      ...s.broker.packets.filter(({ first }) => first >> 4 === 8).map(({ body }) => body.readUInt16BE(0)),
    ];
    assertEquals([new Set(ids()).size, others.length], [inFlight, 2]);
    assert(ids().every((id) => id > 0 && id < 65_536 && id !== forgotten && !others.includes(id)));
    for (const id of ids()) {
      seen.add(id);
      s.broker.acknowledge(id);
    }
    await untilSettled("they are acknowledged", () => s.settled.length === inFlight);
  }
  assert(seen.size > 30_000, `${seen.size} ids`);
  assertEquals(failures, []);
});

Deno.test("what is sent in one turn leaves in one piece, subscriptions too: a broker that closes over one has got all", async () => {
  await using s = await scene();
  const before = s.broker.writes;
  s.client.subscribe("f", () => {});
  for (let n = 0; n < 10; n++) s.publish("t", "x");
  await untilSettled("all have left", () => s.published().length === 10);
  assertEquals(s.broker.writes - before, 1);
});
