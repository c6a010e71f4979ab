import { assertEquals, assertStringIncludes } from "@std/assert";
import { actorId } from "../../../../protocol/ids.ts";
import { metricsText } from "../../../../operator/dashboard/server/http/metrics.ts";
import { type Change, Model } from "../../../../operator/dashboard/server/model/model.ts";
import { errorHappening, nodeLogHappening } from "../../../../operator/dashboard/server/model/timeline.ts";

const bytes = (value: unknown) =>
  new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));

class Heard {
  readonly model = new Model();
  nowMs = 1_000_000_000;

  say(topic: string, payload: unknown): readonly Change[] {
    return this.model.apply(topic, bytes(payload), this.nowMs);
  }

  get events(): string[] {
    return this.model.events.latest(100).map(({ kind, message }) => `${kind}: ${message}`);
  }
}

Deno.test("the timeline tells what happened once, in the words of whoever knows best", () => {
  const heard = new Heard();
  const about = { agent: "a", name: "a", node: "n" };
  heard.say("nodes/n/status", { status: "online", instance: "1" });
  heard.say("nodes/n/heartbeat", { node: "n", agents: [] });
  heard.say("agents/n/logs", {
    type: "spawned",
    message: "Remote agent 'a' started on n",
    child_name: "a",
    node: "n",
  });
  heard.say("agents/id/heartbeat", { ...about, state: "running" });
  heard.say("agents/id/status", { ...about, state: "running" });
  const error = "Agent crashed, restarting in 6.0s (attempt 2/5): memory limit: 300 MB used, 256 MB allowed";
  heard.say("agents/id/errors", {
    ...about,
    phase: "supervisor",
    severity: "warning",
    error,
    restart_count: 2,
    kill: { limit: "memory", measured: 300, allowed: 256, unit: "MB" },
  });
  heard.say("agents/id/heartbeat", { ...about, state: "restarting" });
  heard.say("agents/id/heartbeat", { ...about, state: "running" });
  heard.say("agents/id/errors", { ...about, phase: "supervisor", severity: "fatal", error: "gave up" });
  heard.say("agents/id/heartbeat", { ...about, state: "failed" });
  heard.say("nodes/n/migrate_result", { success: true, agent: "a", from_node: "n", to_node: "m" });
  heard.say("nodes/n/heartbeat", { node: "n", status: "offline" });
  assertEquals(heard.events, [
    "spawned: Remote agent 'a' started on n",
    `killed: ${error}`,
    "running: a runs",
    "failed: gave up",
    "migrated: a has moved from n to m",
    "offline: Node n is offline",
  ]);
  assertEquals(heard.model.agent("id")?.restarts, 2);
});

Deno.test("an update that was rolled back, and a command that was refused, are told as such", () => {
  const rolledBack = {
    phase: "supervisor",
    severity: "warning",
    rolled_back: true,
    error: "The update failed",
  };
  assertEquals(errorHappening(rolledBack)?.kind, "rolled_back");
  assertEquals(errorHappening({ phase: "process", severity: "critical", error: "x" }), undefined);
  assertEquals(nodeLogHappening({ type: "error", message: "Cannot spawn" }).kind, "refused");
});

Deno.test("messages of any shape are taken, or left, without harm", () => {
  const heard = new Heard();
  for (
    const payload of ["", "{", "null", "[]", "7", '"x"', { message: { a: 1 } }, {
      error: [],
      severity: 7,
      agent: {},
    }]
  ) {
    for (
      const topic of [
        "nodes/n/heartbeat",
        "nodes/n/spawn",
        "nodes/n/migrate_result",
        "agents/id/heartbeat",
        "agents/id/logs",
        "agents/id/alert",
        "agents/id/errors",
        "agents/id/manifest",
        "agents/id/results",
        "x",
        "agents/a/b/c",
      ]
    ) {
      heard.say(topic, payload);
    }
  }
  JSON.stringify([heard.model.nodes, heard.model.agents, heard.model.sparks()]);
});

Deno.test("an agent that is silent for an hour is forgotten; one that was deleted at once", () => {
  const heard = new Heard();
  heard.say("agents/old/heartbeat", { name: "old", node: "n", state: "running" });
  heard.nowMs += 3_600_001;
  heard.say("agents/new/heartbeat", { name: "new", node: "n", state: "running" });
  assertEquals(heard.model.expire(heard.nowMs), [{ kind: "gone", actorId: "old" }]);
  assertEquals(heard.model.agents.map(({ name }) => name), ["new"]);
  assertEquals(heard.model.history("old", heard.nowMs).time, []);
});

Deno.test("a node that has only said that it is there is online until its heartbeats are due, then stale", () => {
  const heard = new Heard();
  heard.say("nodes/n/status", { status: "online" });
  assertEquals(heard.model.nodeState("n", heard.nowMs + 20_000), "online");
  assertEquals(heard.model.nodeState("n", heard.nowMs + 31_000), "stale");
  heard.say("nodes/n/status", { status: "offline" });
  assertEquals(heard.model.nodeState("n", heard.nowMs), "offline");
});

Deno.test("an end is a kill where the node's report has the limit, whatever the words say", () => {
  const error =
    "Agent crashed, restarting in 3.0s (attempt 1/5): memory limit: 300.0 MB used, 256 MB allowed";
  const report = { phase: "supervisor", severity: "warning", error };
  const kill = { limit: "memory", measured: 300, allowed: 256, unit: "MB" };
  assertEquals(errorHappening({ ...report, kill })?.kind, "killed");
  assertEquals(errorHappening(report)?.kind, "restarting");
  assertEquals(errorHappening({ ...report, kill: "memory" })?.kind, "restarting");
});

/** What a recorded Python node said, as the dashboard has heard it. */
async function heardOf(recording: string): Promise<Heard> {
  const rows = await Deno.readTextFile(
    new URL(`../../../fixtures/main_machine/${recording}.jsonl`, import.meta.url),
  );
  const heard = new Heard();
  for (const row of rows.trim().split("\n")) {
    const { node, main, text } = JSON.parse(row);
    if (text !== undefined) heard.say(main ?? node, text);
  }
  return heard;
}

Deno.test("a Python node's agents that fail at once are shown as failed, where they were started", async () => {
  const { model } = await heardOf("06_code_that_fails");
  assertEquals(model.agents.map(({ name, node, state }) => [name, node, state]), [
    ["nocompile", "py-node", "failed"],
    ["badsetup", "py-node", "failed"],
  ]);
  assertEquals(
    model.events.latest(10).map(({ kind, node, agent, actor_id }) => [kind, node, agent, actor_id]),
    ["nocompile", "badsetup"].flatMap((name) =>
      ["spawned", "failed"].map((kind) => [kind, "py-node", name, actorId(name)])
    ),
  );
});

Deno.test("a Python node's agent that moves is shown where it went, with what happened to it", async () => {
  const { model } = await heardOf("04_migrate");
  const its = model.events.latest(20).filter(({ actor_id }) => actor_id === actorId("sensor"));
  assertEquals(its.map(({ kind }) => kind), [
    "spawned",
    "stopped",
    "migrated",
    "spawned",
    "running",
    "migration_failed",
    "stopped",
    "migrated",
  ]);
  assertEquals(model.nodes.map(({ name, online }) => [name, online]), [["py-node", true], [
    "py-node2",
    true,
  ]]);
});

Deno.test("two agents of one name are one series: Prometheus would refuse the page", () => {
  const heard = new Heard();
  for (const [id, cpu] of [["one", 50], ["two", 25]] as const) {
    heard.say(`agents/${id}/heartbeat`, { name: "twin", node: "n", state: "running", cpu, memory_mb: 1 });
  }
  const series = metricsOf(heard).split("\n").filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.slice(0, line.lastIndexOf(" ")));
  assertEquals(series.length, new Set(series).size);
  assertEquals(series.includes('agentflow_agent_cpu_ratio{agent="twin",node="n"}'), true);
});

function metricsOf({ model, nowMs }: Heard): string {
  return metricsText({
    model,
    nowMs: () => nowMs,
    isConnected: () => true,
    browsers: () => 0,
    messages: () => 1,
    residentBytes: () => 1,
  });
}

Deno.test("what others say cannot break out of the metrics", () => {
  const heard = new Heard();
  const state = 'a"} 1\nfake{x="\\';
  heard.say("agents/id/heartbeat", { name: "a", node: "n", state, cpu: 50, memory_mb: 2 });
  heard.say("agents/id2/heartbeat", { name: state, node: "n", state: "running" });
  const text = metricsOf(heard);
  assertStringIncludes(
    text,
    'agentflow_agent_state{agent="a",node="n",state="a\\"} 1\\nfake{x=\\"\\\\"} 1\n',
  );
  assertEquals(/^fake/m.test(text), false);
});

Deno.test("30,000 invented agents cost little, and crowd out none that a node runs", () => {
  const heard = new Heard();
  const sensor = { agent: "sensor", name: "sensor", node: "hall", state: "running" };
  heard.say("nodes/hall/heartbeat", { node: "hall", agents: ["sensor"] });
  heard.say(`agents/${actorId("sensor")}/heartbeat`, sensor);
  const long = "x".repeat(200);
  const texts = Array.from({ length: 60 }, () => long);
  const gone = new Set<string>();
  for (let number = 0; number < 30_000; number++) {
    const invented = { ...sensor, agent: `x${number}`, name: `x${number}`, task: long };
    const id = actorId(invented.name);
    const changes = [
      ...heard.say(`agents/${id}/manifest`, { ...invented, publishes: texts, description: long }),
      ...heard.say(`agents/${id}/heartbeat`, { ...invented, cpu: 1, memory_mb: 1 }),
    ];
    for (const change of changes) if (change.kind === "gone") gone.add(change.actorId);
  }
  const { agents } = heard.model;
  assertEquals([agents.length, agents.some(({ name }) => name === "sensor"), gone.size], [
    2001,
    true,
    28_000,
  ]);
  assertEquals(JSON.stringify(agents).length < 10_000_000, true);
  assertEquals(Object.keys(heard.model.sparks()).length, 2001);
  assertEquals(heard.model.history(actorId("x0"), heard.nowMs).time, []);
});
