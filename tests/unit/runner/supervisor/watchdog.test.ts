import { assertEquals } from "@std/assert";
import { Watchdog } from "../../../../runner/supervisor/watchdog.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

function watch(answer: (n: number) => number | undefined, heldBackMs = (_nowMs: number) => 0) {
  const clock = new FakeClock();
  const watchdog = new Watchdog(clock, 3000);
  const life = new AbortController();
  const seen = { pings: 0, hung: [] as number[] };
  const ended = watchdog.watch({
    ping: (n) => {
      seen.pings += 1;
      const answered = answer(n);
      if (answered !== undefined) watchdog.answered(answered);
    },
    heldBackMs: () => heldBackMs(clock.monotonicMs()),
    onHung: (seconds) => seen.hung.push(seconds),
  }, life.signal);
  return { clock, life, seen, ended, watchdog };
}

Deno.test("an event loop that answers is left alone", async () => {
  const { clock, life, seen, ended } = watch((n) => n);
  await clock.advance(60_000);
  life.abort();
  await ended;
  assertEquals(seen, { pings: 60, hung: [] });
});

Deno.test("an event loop that stops to answer is found out, once", async () => {
  const { clock, seen, ended } = watch((n) => n <= 5 ? n : undefined);
  await clock.advance(60_000);
  await ended;
  assertEquals(seen, { pings: 8, hung: [4] });
});

Deno.test("an answer that comes late, but within the limit, is an answer", async () => {
  const { clock, life, seen, ended } = watch((n) => n % 3 === 0 ? n : undefined);
  await clock.advance(60_000);
  life.abort();
  await ended;
  assertEquals(seen.hung, []);
});

Deno.test("an answer to a question that was never asked does not keep the watchdog quiet", async () => {
  const { clock, seen, ended } = watch((n) => n === 1 ? Number.MAX_SAFE_INTEGER : undefined);
  await clock.advance(60_000);
  await ended;
  assertEquals(seen.hung.length, 1);
});

Deno.test("time in which the agent's output was not read does not count", async () => {
  // Nine of each ten milliseconds.
  const { clock, life, seen, ended } = watch(() => undefined, (nowMs) => nowMs * 0.9);
  await clock.advance(29_000);
  assertEquals(seen.hung, []);
  await clock.advance(3000);
  life.abort();
  await ended;
  assertEquals(seen.hung.length, 1);
});

Deno.test("nothing is said once the watch is off", async () => {
  const { clock, life, seen, ended } = watch(() => undefined);
  await clock.advance(2500);
  life.abort();
  await ended;
  await clock.advance(60_000);
  assertEquals(seen, { pings: 2, hung: [] });
  assertEquals(clock.pendingMs, []);
});
