import { assertEquals } from "@std/assert";
import { endGracefully } from "../../../../runner/process/ladder.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

const TIMES = { graceMs: 2000, termMs: 1000 };

/** A process that goes when it is told `endsAt`, or never. */
function climb(endsAt?: "shutdown" | "SIGTERM") {
  const clock = new FakeClock();
  const gone = new AbortController();
  const told: string[] = [];
  const tell = (what: string) => {
    told.push(`${clock.monotonicMs()} ${what}`);
    if (what === endsAt) gone.abort();
  };
  const process = { shutdown: () => tell("shutdown"), signal: tell, gone: gone.signal };
  const ended = endGracefully(process, TIMES, clock);
  return { clock, gone, told, ended };
}

Deno.test("a process that ends when it is asked to gets no signal", async () => {
  const { clock, told, ended } = climb("shutdown");
  await ended;
  await clock.advance(10_000);
  assertEquals(told, ["0 shutdown"]);
});

Deno.test("a process that does not listen gets SIGTERM after the grace", async () => {
  const { clock, told, ended } = climb("SIGTERM");
  await clock.advance(10_000);
  await ended;
  assertEquals(told, ["0 shutdown", "2000 SIGTERM"]);
});

Deno.test("a process that ignores SIGTERM too gets SIGKILL", async () => {
  const { clock, told, ended } = climb();
  await clock.advance(10_000);
  await ended;
  assertEquals(told, ["0 shutdown", "2000 SIGTERM", "3000 SIGKILL"]);
});

Deno.test("a process that ends during the grace is left alone from then on", async () => {
  const { clock, gone, told, ended } = climb();
  await clock.advance(1999);
  gone.abort();
  await ended;
  assertEquals([told, clock.pendingMs], [["0 shutdown"], []]);
});
