import { assertEquals } from "@std/assert";
import { PacketReader } from "../../bench/packets.ts";
import { Tally } from "../../bench/tally.ts";

const numbered = (n: number) => JSON.stringify(n === 0 ? { n, startMs: 1000 } : { n });

function tallyOf(expected: number, numbers: readonly number[]) {
  const tally = new Tally(expected);
  for (const [index, n] of numbers.entries()) tally.add(numbered(n), 2000 + index);
  return tally;
}

Deno.test("messages that all come in order are all counted, from the first sent to the last received", () => {
  const tally = tallyOf(3, [0, 1, 2]);
  assertEquals(tally.isComplete, true);
  assertEquals(tally.count(), {
    received: 3,
    lost: 0,
    disordered: 0,
    repeated: 0,
    startMs: 1000,
    endMs: 2002,
  });
});

Deno.test("a message that never came is lost", () => {
  const tally = tallyOf(3, [0, 2]);
  assertEquals(tally.isComplete, false);
  assertEquals(tally.count().lost, 1);
});

Deno.test("a message that came after a later one is out of order, and not lost", () => {
  const { lost, disordered } = tallyOf(4, [0, 2, 3, 1]).count();
  assertEquals({ lost, disordered }, { lost: 0, disordered: 1 });
});

Deno.test("a message that came twice does not stand in for one that did not", () => {
  const tally = tallyOf(3, [0, 1, 1]);
  assertEquals(tally.isComplete, false);
  const { received, lost, repeated } = tally.count();
  assertEquals({ received, lost, repeated }, { received: 2, lost: 1, repeated: 1 });
});

/** A PUBLISH of MQTT 3.1.1, short enough for a length of one byte. */
function publish(qos: 0 | 1, id: number, payload: string): number[] {
  const body = [0, 1, 116, ...(qos === 1 ? [id >> 8, id & 0xff] : []), ...new TextEncoder().encode(payload)];
  return [0x30 | qos << 1, body.length, ...body];
}

Deno.test("packets are read wherever the stream is cut, and QoS 1 is acknowledged by its own id", () => {
  const stream = Uint8Array.from([...publish(1, 258, "first"), 0x90, 1, 0, ...publish(0, 0, "ü")]);
  for (let cut = 0; cut <= stream.length; cut++) {
    const reader = new PacketReader();
    const batches = [reader.push(stream.slice(0, cut)), reader.push(stream.slice(cut))];
    assertEquals(batches.flatMap(({ payloads }) => payloads), ["first", "ü"]);
    assertEquals(batches.flatMap(({ acknowledgements }) => [...acknowledgements]), [0x40, 2, 1, 2]);
  }
});

Deno.test("a packet longer than 127 bytes is one packet", () => {
  const payload = "x".repeat(300);
  const body = [0, 1, 116, ...new TextEncoder().encode(payload)];
  const stream = Uint8Array.from([0x30, body.length & 0x7f | 0x80, body.length >> 7, ...body]);
  assertEquals(new PacketReader().push(stream).payloads, [payload]);
});
