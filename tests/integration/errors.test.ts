/** What an operator reads when an agent's code fails: the phase, how bad it is, and the line in the agent's own code. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type Stage, type StagedAgent, testOnStage } from "../support/stage.ts";

/** The first error report, without what all of them have. */
async function firstError(agent: StagedAgent) {
  const { json } = await agent.on("errors");
  const { agent: name, name: sameName, actor_id, node, timestamp, ...report } = json;
  assertEquals([name, sameName, actor_id, node], [agent.name, agent.name, agent.id, "test-node"]);
  assertEquals(typeof timestamp, "number");
  return report;
}

/** Fails for good, once, and is told so. */
async function failsForGood(stage: Stage, agent: StagedAgent, phase: string) {
  const report = await firstError(agent);
  assertEquals([report.phase, report.severity], [phase, "fatal"]);
  const failed = await agent.state("failed");
  assertEquals(failed.json.task, "failed");
  assertEquals((await stage.list()).has(agent.name), false);
  assertEquals(agent.all("errors").length, 1);
  assert(!agent.states().includes("restarting"), "it is never tried again");
  return report;
}

testOnStage("errors", {}, {
  "code that does not compile is a fatal compile error": async (stage) => {
    const code = "function setup() {}\nfunction process( {";
    const agent = await stage.launch({ name: "syntax", code, restart_delay: 0 });
    const { error } = await failsForGood(stage, agent, "compile");
    assertMatch(error, /syntax\.ts:2/);
    assert(!/blob:|agentflow/.test(error), error);
    assertEquals(agent.states(), ["failed"], "it never ran");
  },

  "code that throws at its top level is a fatal compile error, with the line": async (stage) => {
    const agent = await stage.launch({
      name: "top",
      code: "\n\nthrow new Error('not today');",
      restart_delay: 0,
    });
    const { error, traceback } = await failsForGood(stage, agent, "compile");
    assertEquals(error, "not today");
    assertMatch(traceback, /top\.ts:3/);
  },

  "an import that cannot be resolved is a fatal compile error that names it": async (stage) => {
    for (
      const [index, specifier] of ["left-pad", "npm:left-pad@1", "./other.ts", "https://example.com/x.ts"]
        .entries()
    ) {
      const code = `import it from "${specifier}";\nexport const setup = () => it;`;
      const agent = await stage.launch({ name: `import-${index}`, code, restart_delay: 0 });
      const { error } = await failsForGood(stage, agent, "compile");
      assertMatch(error, /import-\d\.ts:1:16|left-pad|example\.com/);
    }
  },

  "a setup() that throws is a fatal setup error": async (stage) => {
    const code = "async function setup() {\n  await 0;\n  throw new TypeError('no sensor');\n}";
    const agent = await stage.launch({ name: "no-setup", code, restart_delay: 0 });
    const { error, traceback } = await failsForGood(stage, agent, "setup");
    assertEquals(error, "no sensor");
    assertMatch(traceback, /^TypeError: no sensor\n.*no-setup\.ts:3:9/s);
    assertEquals(agent.states(), ["running", "failed"]);
  },

  "a specifier that cannot be installed is a fatal install error": async (stage) => {
    const agent = await stage.launch({ name: "scheme", code: "", install: ["ftp:nothing"] });
    const { json } = await stage.bus.find(
      "word of the specifier",
      ({ topic, json }) =>
        (topic === agent.topic("errors") && json.phase === "install" && json.severity === "fatal") ||
        (topic === "agents/test-node/logs" && json.type === "error" && /scheme/.test(json.message)),
    );
    assertStringIncludes(JSON.stringify(json), "scheme");
    assertEquals((await stage.list()).has("scheme"), false);
  },

  "process() errors are warnings, and a call without an error begins the row anew": async (stage) => {
    const code = "let n = 0;\nfunction process() {\n  if (n++ % 2 === 0) throw new Error('boom ' + n);\n}";
    const agent = await stage.spawn({ name: "other", code });
    await agent.on("errors", (json) => json.error === "boom 3");
    const reports = agent.all("errors").map(({ phase, severity, error, consecutive, traceback }) => {
      assertMatch(traceback, /other\.ts:3/);
      return [phase, severity, error, consecutive];
    });
    assertEquals(reports, [["process", "warning", "boom 1", 1], ["process", "warning", "boom 3", 1]]);
    assertEquals(agent.states(), ["running"]);
    await stage.command("stop", { name: "other" });
  },

  "a traceback shows the agent's own lines and nothing of the harness": async (stage) => {
    const code = `
interface Reading { readonly value: number }
function parse(reading: Reading): never {
  throw new RangeError("bad reading " + reading.value);
}
async function handle_task(_agent: unknown, payload: Reading) {
  await Promise.resolve();
  parse(payload);
}`;
    const agent = await stage.spawn({ name: "lines", code });
    await agent.task({ value: 7 });
    const { traceback } = await firstError(agent);
    const lines = traceback.split("\n");
    assertEquals(lines[0], "RangeError: bad reading 7");
    assertMatch(lines[1], /at parse \(lines\.ts:4:9\)/);
    assertMatch(lines[2], /at .*handle_task \(lines\.ts:8:3\)/);
    assertEquals(lines.length, 3, traceback);
  },

  "a traceback has at most 800 characters, and an error of any size arrives": async (stage) => {
    const code = `
      const deep = (n) => n === 0 ? (() => { throw new Error("deep down " + "x".repeat(300_000)); })() : deep(n - 1);
      function handle_task(_agent, n) { Error.stackTraceLimit = 100; deep(n); }`;
    const agent = await stage.spawn({ name: "deep", code });
    assertMatch((await agent.task(80)).error, /^deep down/);
    const { traceback } = await firstError(agent);
    assert(traceback.length <= 800, `${traceback.length} characters`);
    assert(traceback.length > 0);
  },

  "whatever is thrown is shown": async (stage) => {
    const code = `function handle_task(_agent, kind) {
      throw { text: "a text", number: 5, null: null, object: { code: 7 } }[kind];
    }`;
    const agent = await stage.spawn({ name: "thrown", code });
    const shown = { text: "a text", number: "5", null: "null", object: "{ code: 7 }" };
    for (const [kind, error] of Object.entries(shown)) assertEquals((await agent.task(kind)).error, error);
  },
});
