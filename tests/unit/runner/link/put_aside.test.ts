import { assertEquals } from "@std/assert";
import { PutAside } from "../../../../runner/link/put_aside.ts";

const message = (topic: string, length: number, source?: string) => ({
  topic,
  payload: { length },
  ...(source === undefined ? {} : { source }),
});

Deno.test("a topic is put aside from the size on that broke connections, for ten minutes", () => {
  const aside = new PutAside();
  aside.add(message("x", 1000), 0);
  const has = (topic: string, length: number, nowMs: number) => aside.has(message(topic, length), nowMs);
  assertEquals([has("x", 1000, 1), has("x", 999, 1), has("y", 5000, 1)], [true, false, false]);
  assertEquals([aside.limitOf("x", 1), aside.limitOf("y", 1)], [1000, undefined]);
  assertEquals([has("x", 1000, 600_000), aside.isEmpty], [false, true]);
});

Deno.test("who breaks connections again and again may send only what is like what has passed, for longer and longer", () => {
  const aside = new PutAside();
  aside.add(message("new/1", 10, "guilty"), 0);
  assertEquals(aside.has(message("new/2", 10, "guilty"), 1), false, "once can happen to anybody");
  aside.passed(message("usual", 10));
  aside.add(message("new/2", 10, "guilty"), 1000);
  const has = (topic: string, length: number, nowMs: number, source = "guilty") =>
    aside.has(message(topic, length, source), nowMs);
  assertEquals([has("new/3", 10, 1001), has("new/3", 10, 21_000)], [true, false]);
  assertEquals([has("usual", 20, 1001), has("usual", 21, 1001)], [false, true]);
  assertEquals([has("new/3", 10, 1001, "innocent"), aside.has(message("new/3", 10), 1001)], [false, false]);
  aside.add(message("new/3", 10, "guilty"), 30_000);
  assertEquals([has("new/4", 10, 69_999), has("new/4", 10, 70_000)], [true, false]);
});

Deno.test("an offender is forgotten after ten quiet minutes", () => {
  const aside = new PutAside();
  for (const topic of ["a", "b", "c"]) aside.add(message(topic, 1, "guilty"), 0);
  for (const topic of ["a", "b", "c", "d"]) aside.has(message(topic, 1, "guilty"), 600_000);
  assertEquals(aside.isEmpty, true);
});
