import { assertEquals, assertThrows } from "@std/assert";
import { Supervisor } from "../../../../runner/supervisor/supervisor.ts";
import { FakeClock, settled } from "../../../support/fake_clock.ts";
import { config, FakeRuntime, RecordingObserver } from "../../../support/fake_runtime.ts";

function supervise(fields: Readonly<Record<string, unknown>> = {}, hangTimeoutMs = 30_000) {
  const clock = new FakeClock();
  const runtime = new FakeRuntime();
  const observer = new RecordingObserver();
  const supervisor = new Supervisor({ runtime, clock, hangTimeoutMs }).observedBy(observer);
  const start = () => supervisor.start(config("a", fields));
  return { clock, runtime, observer, supervisor, start };
}

Deno.test("a spawned agent is loaded, set up and running, in this order", async () => {
  const { runtime, observer, start } = supervise();
  const agent = start();
  assertEquals([agent.visibleState, agent.isStarting, agent.isReady, agent.pid], [
    undefined,
    true,
    false,
    undefined,
  ]);
  await runtime.ready();
  assertEquals([agent.visibleState, agent.isStarting, agent.isReady, agent.pid], [
    "running",
    false,
    true,
    1000,
  ]);
  assertEquals(observer.seen, ["a: started", "a: state running", "a: ready"]);
  await agent.stop("stop");
});

Deno.test("a stopped agent ends gracefully, leaves the registry, and is told of in order", async () => {
  const { runtime, observer, supervisor, start, clock } = supervise();
  const agent = start();
  const process = await runtime.ready();
  observer.take();
  assertEquals(await agent.stop("stop"), { kind: "stopped", reason: "stop" });
  assertEquals(process.ends, ["gracefully"]);
  assertEquals(observer.seen, ["a: exit", "a: state stopped", "a: ended stopped"]);
  assertEquals([supervisor.find("a"), agent.pid, agent.send({ t: "resume" }), clock.pendingMs], [
    undefined,
    undefined,
    false,
    [],
  ]);
});

Deno.test("a crashed agent is restarted in a new process when its time has come, not before", async () => {
  const { runtime, observer, supervisor, start, clock } = supervise();
  const agent = start();
  (await runtime.ready()).exit("exited with code 1", "noise\nerror: boom\n\n");
  await settled();
  assertEquals(observer.take().slice(3), [
    "a: exit",
    "a: supervisor warning: Agent crashed, restarting in 3.0s (attempt 1/5): process exited with code 1: error: boom",
    "a: state restarting",
  ]);
  assertEquals(supervisor.find("a"), agent);
  await clock.advance(2999);
  assertEquals(runtime.processes.length, 1);
  await clock.advance(1);
  assertEquals(runtime.processes.length, 2);
  await runtime.ready();
  assertEquals(observer.take(), ["a: state running", "a: ready"]);
  await agent.stop("stop");
});

Deno.test("an agent that keeps crashing fails after 3, 6, 12, 24 and 48 s, and leaves the registry", async () => {
  const { runtime, observer, supervisor, start, clock } = supervise();
  const agent = start();
  const delays: number[] = [];
  for (let n = 0; n < 6; n++) {
    (await runtime.ready()).exit("exited with code 1");
    await settled();
    delays.push(...clock.pendingMs);
    await clock.advance(clock.pendingMs[0] ?? 0);
  }
  assertEquals(delays, [3000, 6000, 12_000, 24_000, 48_000]);
  const outcome = await agent.ended;
  const error = "Restart budget exhausted after 6 crashes: process exited with code 1";
  assertEquals(outcome, { kind: "failed", phase: "supervisor", error });
  assertEquals(observer.seen.slice(-3), [
    `a: supervisor fatal: ${error}`,
    "a: state failed",
    "a: ended failed",
  ]);
  assertEquals([supervisor.find("a"), clock.pendingMs, agent.counters.errors], [undefined, [], 6]);
});

Deno.test("an agent that waits for its restart is stopped at once", async () => {
  const { runtime, observer, start, clock } = supervise();
  const agent = start();
  (await runtime.ready()).exit("exited with code 1");
  await settled();
  assertEquals(await agent.stop("stop"), { kind: "stopped", reason: "stop" });
  assertEquals(observer.seen.slice(-2), ["a: state stopped", "a: ended stopped"]);
  await clock.advance(100_000);
  assertEquals(runtime.processes.length, 1);
});

Deno.test("an agent that is being installed is stopped at once, and its install aborted", async () => {
  const { runtime, observer, start } = supervise({ install: ["npm:ms"] });
  const agent = start();
  assertEquals(await agent.stop("stop"), { kind: "stopped", reason: "stop" });
  assertEquals(runtime.installs[0]?.signal.aborted, true);
  await settled();
  assertEquals(observer.seen, ["a: started", "a: state stopped", "a: ended stopped"]);
});

Deno.test("an install that is done when the agent is stopped already starts nothing", async () => {
  const { runtime, start } = supervise({ install: ["npm:ms"] });
  const agent = start();
  runtime.installs[0]?.done.resolve({});
  await agent.stop("stop");
  await settled();
  assertEquals(runtime.processes, []);
});

Deno.test("a failed install is fatal, with its reason", async () => {
  const { runtime, observer, start } = supervise({ install: ["npm:nope"] });
  const agent = start();
  runtime.installs[0]?.done.reject(new Error("no such package: npm:nope"));
  assertEquals(await agent.ended, { kind: "failed", phase: "install", error: "no such package: npm:nope" });
  assertEquals(observer.seen.slice(1), [
    "a: install fatal: no such package: npm:nope",
    "a: state failed",
    "a: ended failed",
  ]);
});

Deno.test("an agent is installed once: a restart does not fetch again", async () => {
  const { runtime, start, clock } = supervise({ install: ["npm:ms"] });
  const agent = start();
  runtime.installs[0]?.done.resolve({});
  (await runtime.ready()).exit("exited with code 1");
  await clock.advance(3000);
  await runtime.ready();
  assertEquals([runtime.installs.length, runtime.processes.length], [1, 2]);
  await agent.stop("stop");
});

Deno.test("a stop that comes while the process is being started kills it as soon as it is there", async () => {
  const { runtime, start } = supervise();
  const gate = Promise.withResolvers<void>();
  runtime.launchGate = gate.promise;
  const agent = start();
  const stopped = agent.stop("stop");
  gate.resolve();
  assertEquals(await stopped, { kind: "stopped", reason: "stop" });
  assertEquals(runtime.last.ends, ["now"]);
});

Deno.test("a stop that comes while a process cannot be started ends the agent as stopped", async () => {
  const { runtime, observer, start } = supervise();
  const gate = Promise.withResolvers<void>();
  runtime.launchGate = gate.promise;
  runtime.launchError = new Error("no such file");
  const agent = start();
  const stopped = agent.stop("stop");
  gate.resolve();
  assertEquals(await stopped, { kind: "stopped", reason: "stop" });
  assertEquals(observer.seen, ["a: started", "a: state stopped", "a: ended stopped"]);
});

Deno.test("a process that cannot be started is tried again with the same delays", async () => {
  const { runtime, observer, start, clock } = supervise();
  runtime.launchError = new Error("no such file");
  const agent = start();
  await settled();
  assertEquals(
    observer.seen[1],
    "a: supervisor warning: Agent crashed, restarting in 3.0s (attempt 1/5): no such file",
  );
  runtime.launchError = undefined;
  await clock.advance(3000);
  await runtime.ready();
  assertEquals(agent.visibleState, "running");
  await agent.stop("stop");
});

Deno.test("a wall clock that jumps neither hastens a restart nor delays it, and is not taken for a hang", async () => {
  const { runtime, start, clock } = supervise();
  const agent = start();
  const process = await runtime.ready();
  clock.jump(56 * 365 * 24 * 3600);
  await clock.advance(1000);
  assertEquals(process.ends, []);
  process.exit("exited with code 1", "");
  await settled();
  clock.jump(-10 * 365 * 24 * 3600);
  await clock.advance(2999);
  assertEquals(agent.visibleState, "restarting");
  await clock.advance(1);
  await runtime.ready();
  assertEquals(agent.visibleState, "running");
  await agent.stop("stop");
});

Deno.test("an agent is stopped in a setup() that does not return", async () => {
  const { runtime, start } = supervise();
  const agent = start();
  await settled();
  runtime.last.says({ t: "loaded", process: true });
  assertEquals(agent.visibleState, "running");
  assertEquals(await agent.stop("stop"), { kind: "stopped", reason: "stop" });
});

Deno.test("an agent whose event loop hangs is killed and restarted", async () => {
  const { runtime, observer, start, clock } = supervise();
  const agent = start();
  await runtime.ready();
  observer.take();
  await clock.advance(40_000);
  assertEquals(runtime.processes[0]?.ends, ["now"]);
  assertEquals(observer.take(), [
    "a: state unresponsive",
    "a: killed: unresponsive 40 of 30 s",
    "a: exit",
    "a: supervisor warning: Agent crashed, restarting in 3.0s (attempt 1/5): unresponsive: its event loop did not answer for 40.0s",
    "a: state restarting",
  ]);
  await agent.stop("stop");
});

Deno.test("an agent that answers is not taken for hung", async () => {
  const { runtime, start, clock } = supervise();
  const agent = start();
  const process = await runtime.ready();
  for (let n = 1; n <= 20; n++) {
    await clock.advance(10_000);
    assertEquals(process.sent.at(-1), { t: "ping", n });
    process.says({ t: "pong", n });
  }
  assertEquals([agent.visibleState, process.ends], ["running", []]);
  await agent.stop("stop");
});

Deno.test("a second stop waits for the same end", async () => {
  const { runtime, start } = supervise();
  const agent = start();
  await runtime.ready();
  assertEquals(await Promise.all([agent.stop("stop"), agent.stop("delete")]), [
    { kind: "stopped", reason: "delete" },
    { kind: "stopped", reason: "delete" },
  ]);
  assertEquals(await agent.stop("stop"), { kind: "stopped", reason: "delete" });
});

Deno.test("pause and resume reach the process, and are counted in its state", async () => {
  const { runtime, start } = supervise();
  const agent = start();
  const process = await runtime.ready();
  agent.pause();
  assertEquals(agent.visibleState, "paused");
  agent.resume();
  assertEquals([agent.visibleState, process.sent], ["running", [{ t: "pause" }, { t: "resume" }]]);
  await agent.stop("stop");
});

Deno.test("what an agent says goes to the observer, its life does not", async () => {
  const { runtime, observer, start } = supervise();
  const agent = start();
  const process = await runtime.ready();
  observer.take();
  process.says({ t: "status", text: "x" }, { t: "processed" }, { t: "log", level: "info", message: "m" });
  process.listener.onOutput("stdout", "printed");
  process.listener.onOutput("stderr", "warned");
  process.listener.onOversize("y".repeat(200), "length");
  process.listener.onOversize('{"t":', "parts");
  assertEquals(observer.take(), [
    "a: traffic status",
    "a: traffic log",
    "a: log info: printed",
    "a: log error: warned",
    `a: log error: A line of the agent's output was longer than the limit and has been dropped; it began with ${
      "y".repeat(80)
    }`,
    `a: log error: A line of the agent's output held more than 250000 objects, lists and texts and has been dropped; it began with {"t":`,
  ]);
  assertEquals(agent.counters.processCalls, 1);
  await agent.stop("stop");
});

Deno.test("uptime counts from the spawn, over all restarts", async () => {
  const { runtime, start, clock } = supervise();
  const agent = start();
  (await runtime.ready()).exit("exited with code 1");
  await clock.advance(4500);
  assertEquals(agent.uptime, 4.5);
  await agent.stop("stop");
});

Deno.test("what happens to one agent does not touch the others", async () => {
  const { runtime, supervisor, observer } = supervise();
  const first = supervisor.start(config("first"));
  const second = supervisor.start(config("second"));
  await settled();
  for (const process of runtime.processes) process.says({ t: "loaded", process: true }, { t: "ready" });
  observer.take();
  runtime.processes[0]?.exit("exited with code 1");
  await settled();
  assertEquals([first.visibleState, second.visibleState, second.state.restartCount], [
    "restarting",
    "running",
    0,
  ]);
  assertEquals(observer.seen.filter((line) => line.startsWith("second")), []);
  await supervisor.stopAll("shutdown");
});

Deno.test("a name is supervised once, in the order of the spawns, and is free again after its end", async () => {
  const { runtime, supervisor } = supervise();
  const b = supervisor.start(config("b"));
  const a = supervisor.start(config("a"));
  assertThrows(() => supervisor.start(config("a")), Error, "Agent 'a' is already supervised");
  assertEquals([supervisor.agents(), supervisor.find("a"), supervisor.findById(b.actorId)], [[b, a], a, b]);
  await settled();
  await supervisor.stopAll("stop_all");
  assertEquals([supervisor.agents(), await a.ended], [[], { kind: "stopped", reason: "stop_all" }]);
  const again = supervisor.start(config("a"));
  await runtime.ready();
  assertEquals(supervisor.find("a"), again);
  await again.stop("stop");
});

Deno.test("all agents are stopped at the same time, not one after the other", async () => {
  const { runtime, supervisor } = supervise();
  runtime.stubborn = true;
  supervisor.start(config("a"));
  supervisor.start(config("b"));
  await settled();
  const stopped = supervisor.stopAll("shutdown");
  assertEquals(runtime.processes.map((process) => process.ends), [["gracefully"], ["gracefully"]]);
  for (const process of runtime.processes) process.exit("was killed by SIGTERM");
  await stopped;
});

Deno.test("an agent without process() earns a restart back for each ten minutes without a crash", async () => {
  const { runtime, clock, start } = supervise({ max_restarts: 5 }, Infinity);
  const agent = start();
  const crash = async () => {
    runtime.last.exit("exited with code 1");
    await settled();
    await clock.advance(60_000);
    runtime.last.says({ t: "loaded", process: false }, { t: "ready" });
    await settled();
  };
  await settled();
  runtime.last.says({ t: "loaded", process: false }, { t: "ready" });
  // Far more than the budget, one an hour.
  for (let count = 0; count < 20; count++) {
    await crash();
    assertEquals([agent.visibleState, agent.state.restartCount], ["running", 1]);
    await clock.advance(9 * 60_000);
    assertEquals(agent.state.restartCount, 1, "too early");
    await clock.advance(60_000);
    assertEquals(agent.state.restartCount, 0);
    await clock.advance(50 * 60_000);
  }
  // At once after another, it is given up as before.
  for (let count = 0; count < 5; count++) await crash();
  assertEquals(agent.state.restartCount, 5);
  runtime.last.exit("exited with code 1");
  assertEquals((await agent.ended).kind, "failed");
});
