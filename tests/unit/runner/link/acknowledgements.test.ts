/** What is taken out of a stream of packets, and what is left in it. */
import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { Acknowledgements } from "../../../../runner/link/acknowledgements.ts";

const FIRST = 32_768;

const puback = (id: number) => Buffer.from([0x40, 2, id >> 8, id & 0xff]);

/** A packet of any type, with `length` bytes that look like acknowledgements. */
function packet(first: number, length: number): Buffer {
  const header = [first];
  let left = length;
  do {
    header.push(left > 0x7f ? (left & 0x7f) | 0x80 : left);
    left >>= 7;
  } while (left > 0);
  return Buffer.concat([Buffer.from(header), Buffer.alloc(length, puback(FIRST))]);
}

/** @param ends where the stream is cut */
function take(stream: Buffer, ends: readonly number[]) {
  const ids: number[] = [];
  const acknowledgements = new Acknowledgements(FIRST, (id) => ids.push(id));
  const cuts = [0, ...ends.toSorted((a, b) => a - b), stream.length];
  const left = cuts.slice(1).map((end, n) => acknowledgements.take(stream.subarray(cuts[n], end)));
  return { ids, left: Buffer.concat(left) };
}

Deno.test("however the stream is cut, acknowledgements are taken and all else is left", () => {
  const acknowledged = fc.integer({ min: FIRST, max: 65_535 }).map((id) => ({ id, bytes: puback(id) }));
  const other = fc.oneof(
    // The library's own, and one that says more than that it went well.
    fc.integer({ min: 1, max: FIRST - 1 }).map(puback),
    fc.constant(Buffer.from([0x40, 3, 0xff, 0xff, 0x87])),
    fc.tuple(fc.constantFrom(0x30, 0x90, 0xd0), fc.constantFrom(0, 1, 4, 127, 128, 20_000))
      .map(([first, length]) => packet(first, length)),
  ).map((bytes) => ({ id: undefined, bytes }));
  fc.assert(fc.property(
    fc.array(fc.oneof(acknowledged, other), { maxLength: 12 }),
    fc.array(fc.nat(), { maxLength: 8 }),
    (packets, cuts) => {
      const stream = Buffer.concat(packets.map(({ bytes }) => bytes));
      const { ids, left } = take(stream, cuts.map((cut) => cut % (stream.length + 1)));
      assertEquals(ids, packets.flatMap(({ id }) => id ?? []));
      assertEquals(left, Buffer.concat(packets.flatMap(({ id, bytes }) => id === undefined ? bytes : [])));
    },
  ));
});

Deno.test("bytes that are no MQTT are left for the library to refuse", () => {
  const garbage = Buffer.concat([Buffer.alloc(6, 0xff), puback(FIRST)]);
  assertEquals(take(garbage, [3]), { ids: [], left: garbage });
});

Deno.test("a read of nothing but acknowledgements leaves nothing", () => {
  const ids = [FIRST, 40_000, 65_535];
  assertEquals(take(Buffer.concat(ids.map(puback)), []), { ids, left: Buffer.alloc(0) });
});
