/** What a service says to systemd, and when. */
import { assertEquals } from "@std/assert";
import { readExpectations } from "../../../../runner/service/expectations.ts";
import { ServiceManager } from "../../../../runner/service/service_manager.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

function recorder() {
  const said: string[] = [];
  return {
    said,
    socket: {
      send: (...lines: string[]) => Promise.resolve(void said.push(lines.join("\n"))),
      [Symbol.dispose]: () => {},
    },
  };
}

Deno.test("expectations are read from the environment, and only where somebody listens", () => {
  assertEquals(readExpectations({}, 7), undefined);
  assertEquals(readExpectations({ NOTIFY_SOCKET: "relative" }, 7), undefined);
  assertEquals(readExpectations({ NOTIFY_SOCKET: "/run/notify" }, 7), {
    socket: "/run/notify",
    watchdogMs: undefined,
    endsWithProcess: true,
  });
  const env = { NOTIFY_SOCKET: "@notify", WATCHDOG_USEC: "30000000", WATCHDOG_PID: "7" };
  assertEquals(readExpectations(env, 7), {
    socket: "@notify",
    watchdogMs: 30_000,
    endsWithProcess: true,
  });
  assertEquals(readExpectations(env, 8)?.watchdogMs, undefined, "it is meant for another process");
  assertEquals(readExpectations({ ...env, WATCHDOG_USEC: "soon" }, 7)?.watchdogMs, undefined);
  assertEquals(readExpectations({ ...env, AGENTFLOW_HOME: "/home/pi" }, 7)?.endsWithProcess, false);
});

Deno.test("service gives a sign of life twice within the watchdog's time, until it begins to end", async () => {
  const clock = new FakeClock();
  const { said, socket } = recorder();
  const ending = new AbortController();
  const done = new ServiceManager({ socket, watchdogMs: 10_000, endsWithProcess: true, clock }).accompany(
    "up",
    ending.signal,
  );
  await clock.advance(0);
  assertEquals(said, ["READY=1\nSTATUS=up"]);
  await clock.advance(10_000);
  assertEquals(said.slice(1), ["WATCHDOG=1", "WATCHDOG=1"]);
  ending.abort();
  await done;
  assertEquals(said.slice(3), ["STOPPING=1\nSTATUS=Stopping all agents"]);
  assertEquals(clock.pendingMs, []);
});

Deno.test("service without a watchdog says only that it is up, and that it ends", async () => {
  const { said, socket } = recorder();
  const ending = new AbortController();
  const manager = new ServiceManager({
    socket,
    watchdogMs: undefined,
    endsWithProcess: true,
    clock: new FakeClock(),
  });
  const done = manager.accompany("up", ending.signal);
  ending.abort();
  await done;
  assertEquals(said, ["READY=1\nSTATUS=up", "STOPPING=1\nSTATUS=Stopping all agents"]);
});

Deno.test("service that a launcher starts anew after an upgrade is never said to stop", async () => {
  const { said, socket } = recorder();
  const parts = { socket, watchdogMs: undefined, endsWithProcess: false, clock: new FakeClock() };
  await new ServiceManager(parts).accompany("up", AbortSignal.abort());
  assertEquals(said, ["READY=1\nSTATUS=up"]);
});
