import { assertEquals } from "@std/assert";
import { type Entry, entry } from "../../../../runner/link/entry.ts";
import { Outbox } from "../../../../runner/link/outbox.ts";
import type { MessageClass } from "../../../../runner/link/link.ts";

/** An outbox, and what has been settled, by payload. */
function outbox(limits = { messages: 10_000, bytes: 32 * 1024 * 1024 }) {
  const box = new Outbox(limits);
  const settled: string[] = [];
  const make = (messageClass: MessageClass, payload: string, topic = "t"): Entry =>
    entry({ topic, payload, qos: 1, retain: false, class: messageClass }, () => settled.push(payload));
  const push = (messageClass: MessageClass, payload: string, topic?: string) =>
    box.push(make(messageClass, payload, topic));
  const rest = () => {
    const payloads: unknown[] = [];
    for (let next = box.shift(); next !== undefined; next = box.shift()) payloads.push(next.message.payload);
    return payloads;
  };
  return { box, settled, make, push, rest };
}

Deno.test("messages of a class leave in the order they came", () => {
  const { push, rest, box } = outbox();
  const expected = Array.from({ length: 5000 }, (_, n) => String(n));
  for (const payload of expected) push("telemetry", payload);
  assertEquals(box.size, 5000);
  assertEquals(rest(), expected);
  assertEquals(box.size, 0);
});

Deno.test("order holds while messages come and go", () => {
  const { push, box } = outbox();
  const seen: unknown[] = [];
  for (let n = 0; n < 10_000; n++) {
    push("telemetry", String(n));
    if (n % 3 !== 0) seen.push(box.shift()?.message.payload);
  }
  for (let next = box.shift(); next !== undefined; next = box.shift()) seen.push(next.message.payload);
  assertEquals(seen, Array.from({ length: 10_000 }, (_, n) => String(n)));
});

Deno.test("control leaves first, then heartbeats, then telemetry", () => {
  const { push, rest } = outbox();
  push("telemetry", "t1");
  push("heartbeat", "h1", "h");
  push("control", "c1");
  push("telemetry", "t2");
  push("control", "c2");
  assertEquals(rest(), ["c1", "c2", "h1", "t1", "t2"]);
});

Deno.test("of heartbeats on one topic only the newest waits, and the overtaken ones are settled, not dropped", () => {
  const { push, rest, box, settled } = outbox();
  push("heartbeat", "a1", "a");
  push("heartbeat", "b1", "b");
  push("heartbeat", "a2", "a");
  assertEquals([box.size, box.dropped, settled], [2, 0, ["a1"]]);
  assertEquals(rest(), ["b1", "a2"]);
});

Deno.test("a heartbeat never leaves after a newer change of state on its topic", () => {
  const { push, rest, settled } = outbox();
  push("heartbeat", "running", "a");
  push("heartbeat", "other", "b");
  push("control", "stopped", "a");
  assertEquals(settled, ["running"]);
  assertEquals(rest(), ["stopped", "other"]);
});

Deno.test("a heartbeat that is newer than a change of state leaves after it", () => {
  const { push, rest } = outbox();
  push("control", "restarting", "a");
  push("heartbeat", "running", "a");
  assertEquals(rest(), ["restarting", "running"]);
});

Deno.test("what is put back leaves before all else of its class, in its old order", () => {
  const { box, push, rest, make } = outbox();
  push("telemetry", "t3");
  push("control", "c3");
  box.putBack([
    make("telemetry", "t1"),
    make("control", "c1"),
    make("telemetry", "t2"),
    make("control", "c2"),
  ]);
  assertEquals(rest(), ["c1", "c2", "c3", "t1", "t2", "t3"]);
});

Deno.test("what was taken and put back is where it was", () => {
  const { box, push, rest } = outbox();
  for (const payload of ["1", "2", "3", "4"]) push("telemetry", payload);
  const taken = [box.shift(), box.shift(), box.shift()].filter((found) => found !== undefined);
  box.putBack(taken);
  assertEquals(rest(), ["1", "2", "3", "4"]);
});

Deno.test("a heartbeat that is put back yields to a newer one, and to a newer change of state", () => {
  const { box, push, rest, make, settled } = outbox();
  push("heartbeat", "a2", "a");
  push("control", "b2", "b");
  box.putBack([
    make("heartbeat", "a1", "a"),
    make("heartbeat", "b1", "b"),
    make("heartbeat", "c1", "c"),
    make("control", "c2", "c"),
    make("heartbeat", "d1", "d"),
  ]);
  assertEquals(settled.sort(), ["a1", "b1", "c1"]);
  assertEquals(rest(), ["c2", "b2", "a2", "d1"]);
});

Deno.test("too many messages: the oldest telemetry is dropped, counted and settled", () => {
  const { box, push, rest, settled } = outbox({ messages: 3, bytes: 1e9 });
  for (const payload of ["1", "2", "3", "4", "5"]) push("telemetry", payload);
  assertEquals([box.dropped, box.size, settled], [2, 3, ["1", "2"]]);
  assertEquals(rest(), ["3", "4", "5"]);
});

Deno.test("control makes room at the cost of telemetry, never the other way round", () => {
  const { box, push, rest } = outbox({ messages: 3, bytes: 1e9 });
  push("telemetry", "t1");
  for (const payload of ["c1", "c2", "c3"]) push("control", payload);
  push("telemetry", "t2");
  assertEquals(box.dropped, 2);
  assertEquals(rest(), ["c1", "c2", "c3"]);
});

Deno.test("where all is control, the oldest goes", () => {
  const { box, push, rest } = outbox({ messages: 2, bytes: 1e9 });
  for (const payload of ["c1", "c2", "c3"]) push("control", payload);
  assertEquals([box.dropped, rest()], [1, ["c2", "c3"]]);
});

Deno.test("heartbeats take no room and are not dropped", () => {
  const { box, push } = outbox({ messages: 1, bytes: 1e9 });
  push("telemetry", "t");
  for (let n = 0; n < 50; n++) push("heartbeat", "h", `topic-${n}`);
  assertEquals([box.size, box.dropped], [51, 0]);
});

Deno.test("the bound in bytes holds, and is free again when messages leave", () => {
  const { box, push, rest } = outbox({ messages: 1000, bytes: 1000 });
  push("telemetry", "a".repeat(300));
  push("telemetry", "b".repeat(300));
  assertEquals(box.dropped, 0);
  push("telemetry", "c".repeat(300));
  assertEquals(box.dropped, 1);
  assertEquals(rest().length, 2);
  push("telemetry", "d".repeat(300));
  push("telemetry", "e".repeat(300));
  assertEquals([box.dropped, box.size], [1, 2]);
});

Deno.test("a message larger than the whole outbox is dropped alone", () => {
  const { box, push } = outbox({ messages: 10, bytes: 1000 });
  push("telemetry", "x".repeat(2000));
  assertEquals([box.size, box.dropped], [0, 1]);
  push("telemetry", "small");
  assertEquals([box.size, box.dropped], [1, 1]);
});

Deno.test("what is put back counts against the bounds too", () => {
  const { box, push, rest, make } = outbox({ messages: 2, bytes: 1e9 });
  push("telemetry", "t3");
  box.putBack([make("telemetry", "t1"), make("telemetry", "t2")]);
  assertEquals([box.dropped, rest()], [1, ["t2", "t3"]]);
});

Deno.test("all that waits is told by class: control, heartbeats, telemetry", () => {
  const { box, push } = outbox();
  push("telemetry", "t");
  push("heartbeat", "h", "x");
  push("control", "c");
  assertEquals(box.waiting().map(({ message }) => message.class), ["control", "heartbeat", "telemetry"]);
  assertEquals(box.size, 3);
});
