import { assertEquals } from "@std/assert";
import { Activity } from "../../../../agents/harness/activity.ts";
import { sleep } from "../../../../agents/harness/clock.ts";
import type { AgentFunctions } from "../../../../agents/harness/load.ts";
import { Gate, runLoop } from "../../../../agents/harness/loop.ts";
import type { Agent } from "../../../../agents/types.d.ts";
import { settled } from "../../../support/fake_clock.ts";
import { FakeTimers } from "../../../support/fake_timers.ts";

const POLL_MS = 5000;

/** An agent's loop, and what it reports. */
function run(functions: AgentFunctions, pollMs = POLL_MS, gate = new Gate()) {
  const stop = new AbortController();
  const seen: string[] = [];
  const reports = {
    ready: () => void seen.push("ready"),
    processed: () => void seen.push("processed"),
    failed: (phase: string, error: unknown, consecutive: number) =>
      void seen.push(`${phase} failed ${consecutive}: ${(error as Error).message}`),
  };
  const ended = runLoop({ signal: stop.signal } as Agent, functions, reports, gate, new Activity(), pollMs);
  return { stop, seen, gate, ended };
}

const boom = () => {
  throw new Error("boom");
};

Deno.test("setup() comes first and once, then process() every poll_interval", async () => {
  using timers = new FakeTimers();
  const called: string[] = [];
  const { stop, seen, ended } = run({
    setup: () => void called.push("setup"),
    process: () => void called.push("process"),
  });
  await settled();
  assertEquals([called, timers.delaysMs], [["setup", "process"], [POLL_MS]]);
  await timers.fire();
  await timers.fire();
  assertEquals(called, ["setup", "process", "process", "process"]);
  assertEquals(seen, ["ready", "processed", "processed", "processed"]);
  stop.abort();
  await ended;
});

Deno.test("an agent without functions is ready, and its loop ends", async () => {
  const { seen, ended } = run({});
  await ended;
  assertEquals(seen, ["ready"]);
});

Deno.test("a setup() that throws or rejects is reported, and nothing else is called", async () => {
  for (const setup of [boom, () => Promise.reject(new Error("boom"))]) {
    const { seen, ended } = run({ setup, process: () => void seen.push("called") });
    await ended;
    assertEquals(seen, ["setup failed 0: boom"]);
  }
});

Deno.test("process() waits 2, 4, 8 and 16 s after failures in a row, and the fifth ends the run", async () => {
  using timers = new FakeTimers();
  const { seen, ended } = run({ process: boom });
  await settled();
  const delays: number[] = [];
  for (let n = 0; n < 4; n++) {
    delays.push(...timers.delaysMs);
    await timers.fire();
  }
  await ended;
  assertEquals(delays, [2000, 4000, 8000, 16_000]);
  assertEquals(seen, ["ready", ...[1, 2, 3, 4, 5].map((n) => `process failed ${n}: boom`)]);
  assertEquals(timers.delaysMs, []);
});

Deno.test("one success begins the count of failures anew", async () => {
  using timers = new FakeTimers();
  let calls = 0;
  const { stop, seen, ended } = run({ process: () => ++calls % 3 === 0 ? undefined : boom() });
  await settled();
  for (let n = 0; n < 5; n++) await timers.fire();
  stop.abort();
  await ended;
  assertEquals(seen.slice(1).map((line) => line.replace(": boom", "")), [
    "process failed 1",
    "process failed 2",
    "processed",
    "process failed 1",
    "process failed 2",
    "processed",
  ]);
});

Deno.test("calls of process() do not overlap", async () => {
  using timers = new FakeTimers();
  const gates: (() => void)[] = [];
  const { stop, ended } = run({ process: () => new Promise<void>((resolve) => gates.push(resolve)) }, 1);
  await settled();
  assertEquals([gates.length, timers.delaysMs], [1, []]);
  gates[0]?.();
  await settled();
  await timers.fire();
  assertEquals(gates.length, 2);
  stop.abort();
  gates[1]?.();
  await ended;
});

Deno.test("even the smallest poll_interval lets other work run", async () => {
  using timers = new FakeTimers();
  const { stop, ended } = run({ process: () => {} }, 1e-6);
  await settled();
  assertEquals(timers.delaysMs, [1]);
  stop.abort();
  await ended;
});

Deno.test("a stop ends the wait at once, and no call follows", async () => {
  using timers = new FakeTimers();
  const { stop, seen, ended } = run({ process: () => {} });
  await settled();
  stop.abort();
  await ended;
  assertEquals([seen, timers.delaysMs], [["ready", "processed"], []]);
});

Deno.test("what fails because of the stop is no failure of the agent", async () => {
  const { stop, seen, ended } = run({
    process: () =>
      new Promise((_, reject) => stop.signal.addEventListener("abort", () => reject(new Error("aborted")))),
  });
  await settled();
  stop.abort();
  await ended;
  assertEquals(seen, ["ready"]);
});

Deno.test("a paused agent is set up, but process() is not called until it resumes", async () => {
  using timers = new FakeTimers();
  const gate = new Gate();
  gate.close("operator");
  const { stop, seen, ended } = run({ process: () => {} }, POLL_MS, gate);
  await settled();
  assertEquals([seen, timers.delaysMs], [["ready"], []]);
  gate.open("operator");
  await settled();
  assertEquals(seen, ["ready", "processed"]);
  gate.close("operator");
  await timers.fire();
  assertEquals(seen, ["ready", "processed"]);
  stop.abort();
  gate.open("operator");
  await ended;
});

Deno.test("an agent that is resumed and paused again at once stays paused", async () => {
  const gate = new Gate();
  gate.close("operator");
  const { stop, seen, ended } = run({ process: () => {} }, POLL_MS, gate);
  await settled();
  gate.open("operator");
  gate.close("operator");
  await settled();
  assertEquals(seen, ["ready"]);
  stop.abort();
  gate.open("operator");
  await ended;
});

Deno.test("pause and resume may come more than once", async () => {
  const gate = new Gate();
  gate.open("operator");
  gate.close("operator");
  gate.close("operator");
  gate.open("operator");
  await gate.passed();
});

Deno.test("a sleep longer than the platform's timers is made of several", async () => {
  using timers = new FakeTimers();
  const max = 2 ** 31 - 1;
  let over = false;
  const slept = sleep(max + 10, new AbortController().signal).then(() => over = true);
  assertEquals(timers.delaysMs, [max]);
  await timers.fire();
  assertEquals([timers.delaysMs, over], [[10], false]);
  await timers.fire();
  await slept;
});

Deno.test("a sleep under an aborted signal is none", async () => {
  using timers = new FakeTimers();
  await sleep(1000, AbortSignal.abort());
  assertEquals(timers.delaysMs, []);
});
