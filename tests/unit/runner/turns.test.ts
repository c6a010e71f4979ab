import { assertEquals, assertRejects } from "@std/assert";
import { Slots, Turns } from "../../../runner/turns.ts";
import { settled } from "../../support/fake_clock.ts";

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

Deno.test("whoever waits for all work waits for what is asked for meanwhile, and not for what failed", async () => {
  const turns = new Turns();
  await turns.settled();
  const seen: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = turns.take("k", () => gate.promise);
  const failed = turns.take("other", () => Promise.reject(new Error("no")));
  const all = turns.settled().then(() => seen.push("settled"));
  await assertRejects(() => failed, Error, "no");
  const second = turns.take("k", () => settled().then(() => void seen.push("second")));
  gate.resolve();
  await Promise.all([first, second, all]);
  assertEquals(seen, ["second", "settled"]);
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

Deno.test("of work in slots only so much goes on at a time, in the order it came; who gives up takes no slot", async () => {
  const slots = new Slots(2);
  const never = new AbortController().signal;
  const gates = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
  const begun: number[] = [];
  const leaving = new AbortController();
  const all = gates.map(({ promise }, n) =>
    slots.take(async () => {
      begun.push(n);
      await promise;
    }, n === 2 ? leaving.signal : never)
  );
  await settled();
  assertEquals(begun, [0, 1]);
  leaving.abort("given up");
  await assertRejects(() => all[2] as Promise<void>);
  gates[0]?.reject(new Error("failed"));
  await assertRejects(() => all[0] as Promise<void>);
  await settled();
  assertEquals(begun, [0, 1, 3]);
  for (const { resolve } of gates) resolve();
  await Promise.allSettled(all);
  assertEquals(begun, [0, 1, 3, 4]);
});
