/** Supervision of real processes: whatever ends one, the agent comes back clean, until its budget is gone. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { untilGone } from "../support/processes.ts";
import { Stage, testOnStage } from "../support/stage.ts";

/** Dies as its task says; says at each start how often it has started, and what is left in its memory. */
const MORTAL = `
let memory = 0;
function setup(agent) {
  memory += 1;
  agent.persist("starts", agent.recall("starts", 0) + 1);
  return agent.log("start " + agent.recall("starts") + ", memory " + memory);
}
function handle_task(agent, death) {
  switch (death) {
    case "exit": Deno.exit(3);
    case "exit 0": Deno.exit(0);
    case "rejection": Promise.reject(new Error("nobody caught this")); break;
    case "error": setTimeout(() => { throw new Error("nobody caught this"); }); break;
    case "memory": for (const all = [];;) all.push(new Array(100_000).fill(agent.name + all.length));
  }
}`;

/** Its process() holds still at each limit that a task sets: what has been called by then is certain. */
const HELD = `
let calls = 0, limit = 0, goOn = () => {}, reached = () => {};
async function process() {
  while (calls >= limit) {
    reached();
    await new Promise((resolve) => goOn = resolve);
  }
  calls += 1;
}
async function handle_task(agent, calls) {
  if (calls === "die") Deno.exit(3);
  limit = calls;
  const held = new Promise((resolve) => reached = resolve);
  goOn();
  await held;
}`;
/** Cuts the waits of the agent's own process: the rest is real. */
const SHORT_WAITS = `
const wait = globalThis.setTimeout;
globalThis.setTimeout = (callback, ms, ...args) => wait(callback, Math.min(ms, 1), ...args);`;

testOnStage("supervision", { args: ["--heap-mb", "32"] }, {
  "an agent whose process ends comes back as a new one, with nothing but its state file": async (stage) => {
    const deaths: Record<string, RegExp> = {
      "exit": /process exited with code 3/,
      "exit 0": /process exited with code 0/,
      "rejection": /nobody caught this/,
      "error": /nobody caught this/,
      "memory": /process was killed by SIG|process exited with code|memory/,
      "SIGKILL": /process was killed by SIGKILL/,
    };
    const lives = Object.entries(deaths).map(async ([death, reason], index) => {
      const agent = await stage.spawn({
        name: `mortal-${index}`,
        code: MORTAL,
        restart_delay: 0.01,
        max_restarts: 2,
      });
      await agent.on("manifest");
      const { pid } = (await stage.list()).get(agent.name);
      const from = stage.bus.mark();
      if (death === "SIGKILL") Deno.kill(pid, "SIGKILL");
      else await stage.bus.publish(`agents/by-name/${agent.name}/task`, { payload: death });
      const { json } = await agent.on("errors", undefined, from);
      assertEquals([json.phase, json.severity, json.restart_count], ["supervisor", "warning", 1], death);
      assertMatch(json.error, /^Agent crashed, restarting in 0\.0s \(attempt 1\/2\): /);
      assertMatch(json.error, reason);
      await agent.logged("start 2, memory 1");
      await agent.state("running", from);
      assertEquals(agent.states(from), ["restarting", "running"]);
      const after = (await stage.list()).get(agent.name);
      assertEquals(after.restart_count, 1);
      assert(after.pid !== pid, "another process");
      await untilGone([pid], 0);
    });
    await Promise.all(lives);
  },

  "an error that nobody catches is told with its line in the agent's code": async (stage) => {
    const code = "function process() {\n  setTimeout(() => {\n    throw new RangeError('late');\n  });\n}";
    const agent = await stage.spawn({ name: "uncaught", code, restart_delay: 600 });
    const { json } = await agent.on("errors");
    assertMatch(json.error, /: late$/);
    assertMatch(json.traceback, /uncaught\.ts:3:11/);
  },

  "the delay doubles, and the attempts are counted": async (stage) => {
    const code = "function process() { Deno.exit(3); }";
    const agent = await stage.launch({ name: "doubling", code, restart_delay: 0.04, max_restarts: 3 });
    await agent.state("failed");
    const errors = agent.all("errors").map((json) => [json.severity, json.restart_count, json.error]);
    const reason = "process exited with code 3";
    assertEquals(errors, [
      ["warning", 1, `Agent crashed, restarting in 0.0s (attempt 1/3): ${reason}`],
      ["warning", 2, `Agent crashed, restarting in 0.1s (attempt 2/3): ${reason}`],
      ["warning", 3, `Agent crashed, restarting in 0.2s (attempt 3/3): ${reason}`],
      ["fatal", 4, `Restart budget exhausted after 4 crashes: ${reason}`],
    ]);
    const runs = ["running", "restarting"];
    assertEquals(agent.states(), [...runs, ...runs, ...runs, "running", "failed"]);
    assertEquals((await stage.list()).has("doubling"), false);
  },

  "with max_restarts 0 the first crash is the last": async (stage) => {
    const agent = await stage.launch({
      name: "once",
      code: "function process() { Deno.exit(3); }",
      max_restarts: 0,
    });
    await agent.state("failed");
    assertEquals(agent.all("errors").map((json) => json.severity), ["fatal"]);
    assertEquals(agent.states(), ["running", "failed"]);
  },

  "by default an agent has five restarts, the first after three seconds": async (stage) => {
    const agent = await stage.launch({ name: "default", code: "function process() { Deno.exit(3); }" });
    const { json } = await agent.on("errors");
    assertMatch(json.error, /restarting in 3\.0s \(attempt 1\/5\)/);
  },

  "an agent that is told to exit in its setup is restarted too": async (stage) => {
    const code = `function setup(agent) {
      agent.persist("starts", agent.recall("starts", 0) + 1);
      if (agent.recall("starts") === 1) Deno.exit(3);
    }`;
    const agent = await stage.launch({ name: "setup-exit", code, restart_delay: 0 });
    await agent.on("manifest");
    assertEquals(agent.states(), ["running", "restarting", "running"]);
  },

  "ten calls without an error win one restart back, and never more than there were": async (stage) => {
    const agent = await stage.spawn({ name: "healthy", code: HELD, restart_delay: 0, poll_interval: 0.001 });
    const credit = async () => (await stage.list()).get("healthy").restart_count;
    for (const crashes of [1, 2]) {
      await agent.on("manifest");
      const from = stage.bus.mark();
      await agent.task("die");
      await agent.on("manifest", undefined, from);
      assertEquals(await credit(), crashes);
    }
    for (const [calls, left] of [[9, 2], [10, 1], [19, 1], [20, 0], [30, 0]] as const) {
      await agent.task(calls);
      assertEquals(await credit(), left, `after ${calls} calls`);
    }
  },

  "a call with an error begins the row of ten anew": async (stage) => {
    const code = HELD.replace("calls += 1;", "calls += 1; if (calls === 10) throw new Error('once');");
    const config = { name: "relapse", code: code + SHORT_WAITS, restart_delay: 0, poll_interval: 0.001 };
    const agent = await stage.spawn(config);
    await agent.on("manifest");
    const from = stage.bus.mark();
    await agent.task("die");
    await agent.on("manifest", undefined, from);
    for (const [calls, left] of [[9, 1], [19, 1], [20, 0]] as const) {
      await agent.task(calls);
      assertEquals((await stage.list()).get("relapse").restart_count, left, `after ${calls} calls`);
    }
  },

  "one agent's end is nothing to the others": async (stage) => {
    const calm = await stage.spawn({ name: "calm", code: MORTAL });
    const wild = await stage.launch({
      name: "wild",
      code: "function process() { Deno.exit(3); }",
      restart_delay: 0,
    });
    await wild.state("failed");
    assertEquals(calm.states(), ["running"]);
    assertEquals((await stage.list()).get("calm").restart_count, 0);
  },

  "an agent that exits without being asked does not take its last words with it": async (stage) => {
    const code = `async function process(agent) {
      for (let n = 0; n < 100; n++) await agent.publish("tests/last-words", n);
      Deno.exit(3);
    }`;
    await stage.spawn({ name: "last-words", code, max_restarts: 0 });
    await stage.agent("last-words").state("failed", 0);
    assertEquals(stage.bus.all("tests/last-words").length, 100);
  },
});

Deno.test("an agent whose event loop hangs is unresponsive, and restarted", async () => {
  await using stage = await Stage.set({ args: ["--hang-timeout", "2"] });
  const code = `
    async function setup(agent) {
      agent.persist("starts", agent.recall("starts", 0) + 1);
      await agent.log("start " + agent.recall("starts"));
    }
    function process(agent) { if (agent.recall("starts") === 1) for (;;); }`;
  const idle = await stage.spawn({ name: "idle", code: "function setup() {}" });
  const agent = await stage.spawn({ name: "hangs", code, restart_delay: 0.01 });
  await agent.logged("start 2");
  await agent.on(
    "manifest",
    undefined,
    stage.bus.messages.findIndex(({ json }) => json?.state === "restarting"),
  );
  assertEquals(agent.states(), ["running", "unresponsive", "restarting", "running"]);
  const [report] = agent.all("errors");
  assertEquals([report.phase, report.severity, report.restart_count], ["supervisor", "warning", 1]);
  assertMatch(report.error, /event loop/);
  assertEquals(idle.states(), ["running"], "an idle agent answers in time");
});

Deno.test("a failing process() is tried again after 2, 4, 8 and 16 s; its fifth failure restarts the agent clean", async () => {
  await using stage = await Stage.set();
  // Half a minute in all: the agent's own timers are written down and made short, the rest is real.
  const code = `
    const { setTimeout: wait } = globalThis;
    const waits = [];
    globalThis.setTimeout = (callback, ms, ...args) => (waits.push(ms), wait(callback, Math.min(ms, 1), ...args));
    let calls = 0;
    function setup(agent) { agent.persist("starts", agent.recall("starts", 0) + 1); }
    async function process(agent) {
      calls += 1;
      await agent.publish("tests/waits", waits);
      if (agent.recall("starts") === 1) throw new Error("boom " + calls);
      await agent.publish("tests/clean", calls);
    }`;
  const agent = await stage.spawn({ name: "fifth", code, restart_delay: 0 });
  assertEquals((await stage.bus.on("tests/clean")).json, 1);
  assertEquals(stage.bus.all("tests/waits")[4]?.json, [2000, 4000, 8000, 16_000]);
  const errors = agent.all("errors").map((
    json,
  ) => [json.phase, json.severity, json.consecutive ?? json.restart_count]);
  assertEquals(errors, [
    ["process", "warning", 1],
    ["process", "warning", 2],
    ["process", "critical", 3],
    ["process", "critical", 4],
    ["process", "critical", 5],
    ["supervisor", "warning", 1],
  ]);
  const last = agent.all("errors").at(-1);
  assertMatch(last.error, /: process\(\) failed 5 times in a row, last error: boom 5$/);
});
