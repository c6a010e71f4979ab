import { assertEquals } from "@std/assert";
import { PacketMeter } from "../../../../runner/broker/packet_meter.ts";

const LIMIT = 1000;
const packet = (length: number) =>
  new Uint8Array([0x30, length & 0x7f | (length > 127 ? 0x80 : 0), length >> 7]);

Deno.test("packets within the limit pass, however they are cut", () => {
  const bytes = new Uint8Array([
    0xc0,
    0,
    0x30,
    3,
    1,
    2,
    3,
    0x30,
    0xe8,
    0x07,
    ...new Array(1000).fill(0xff),
    0xc0,
    0,
  ]);
  for (const step of [1, 2, 7, bytes.length]) {
    const meter = new PacketMeter();
    for (let at = 0; at < bytes.length; at += step) {
      assertEquals(meter.excess(bytes.subarray(at, at + step), LIMIT), undefined);
    }
    assertEquals(meter.unfinishedBytes, 0);
  }
});

Deno.test("a packet that is too long is known by its first bytes, and so is what is no packet", () => {
  assertEquals(new PacketMeter().excess(packet(1001), LIMIT), 1001);
  assertEquals(new PacketMeter().excess(new Uint8Array([0x30, 0xff, 0xff, 0xff, 0xff]), LIMIT), Infinity);
});

Deno.test("what has come of a packet is known", () => {
  const meter = new PacketMeter();
  meter.excess(packet(500), LIMIT);
  meter.excess(new Uint8Array(200), LIMIT);
  assertEquals(meter.unfinishedBytes, 200);
  meter.excess(new Uint8Array(300), LIMIT);
  assertEquals(meter.unfinishedBytes, 0);
});
