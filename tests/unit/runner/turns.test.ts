import { assertEquals, assertRejects } from "@std/assert";
import { Turns } from "../../../runner/turns.ts";

Deno.test("work for one key runs one at a time, in the order asked", async () => {
  const turns = new Turns();
  const seen: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = turns.take("k", async () => {
    await gate.promise;
    seen.push("first");
  });
  const second = turns.take("k", () => Promise.resolve(void seen.push("second")));
  await turns.take("other", () => Promise.resolve(void seen.push("other")));
  gate.resolve();
  await Promise.all([first, second]);
  assertEquals(seen, ["other", "first", "second"]);
});

Deno.test("work that failed does not hold up the next", async () => {
  const turns = new Turns();
  const failed = turns.take("k", () => Promise.reject(new Error("no")));
  const next = turns.take("k", () => Promise.resolve("ran"));
  await assertRejects(() => failed, Error, "no");
  assertEquals(await next, "ran");
});

Deno.test("work aborted while it waits never runs, and later work still waits for earlier", async () => {
  const turns = new Turns();
  const gate = Promise.withResolvers<void>();
  const seen: string[] = [];
  const first = turns.take("k", () => gate.promise.then(() => void seen.push("first")));
  const abort = new AbortController();
  const second = turns.take("k", () => Promise.resolve(void seen.push("second")), abort.signal);
  const third = turns.take("k", () => Promise.resolve(void seen.push("third")));
  abort.abort(new Error("stopped"));
  await assertRejects(() => second, Error, "stopped");
  gate.resolve();
  await Promise.all([first, third]);
  assertEquals(seen, ["first", "third"]);
});
