import { deviceWords } from "../../../../operator/dashboard/page/logic/format.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { actorId } from "../../../../protocol/ids.ts";
import { metricsText } from "../../../../operator/dashboard/server/http/metrics.ts";
import type { Change } from "../../../../operator/dashboard/server/model/change.ts";
import { Model } from "../../../../operator/dashboard/server/model/model.ts";
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
    return this.model.chronicle.events.latest(100).map(({ kind, message }) => `${kind}: ${message}`);
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

Deno.test("an agent that has failed is shown for a day: somebody may come in the morning", () => {
  const heard = new Heard();
  heard.say("agents/broken/heartbeat", { name: "broken", node: "n", state: "failed" });
  heard.nowMs += 23 * 3_600_000;
  assertEquals(heard.model.expire(heard.nowMs), []);
  heard.nowMs += 2 * 3_600_000;
  assertEquals(heard.model.expire(heard.nowMs), [{ kind: "gone", actorId: "broken" }]);
});

Deno.test("what a node remembers shows the agents that failed before, and no others as failed", () => {
  const heard = new Heard();
  heard.say("nodes/n/heartbeat", { node: "n", agents: ["back"] });
  const line = { kind: "error", node: "n", traceback: undefined, timestamp: 999_000 } as const;
  const fatal = { ...line, level: "fatal", phase: "setup", message: "no such sensor" };
  heard.say(`agents/${actorId("seen")}/errors`, {
    name: "seen",
    node: "n",
    error: "seen live",
    severity: "warning",
  });
  const changes = heard.model.recall("n", [
    { ...fatal, agent: "broken" },
    { ...fatal, agent: "back" },
    { ...line, level: "warning", phase: "process", message: "once", agent: "shaky" },
    {
      ...line,
      agent: "seen",
      level: "warning",
      phase: "process",
      message: "seen live",
      timestamp: 1_000_001,
    },
    { ...line, agent: undefined, level: "error", phase: undefined, message: "the node's own" },
  ], heard.nowMs);
  assertEquals(changes.map(({ kind }) => kind), ["error", "error", "error", "agent"]);
  assertEquals(heard.model.agents.filter(({ state }) => state === "failed").map(({ name }) => name), [
    "broken",
  ]);
  assertEquals(heard.model.chronicle.errors.latest(10).map(({ agent, time }) => [agent, time]), [
    ["seen", 1_000_000],
    ["broken", 999_000],
    ["back", 999_000],
    ["shaky", 999_000],
  ]);
});

Deno.test("a node that has only said that it is there is online until its heartbeats are due, then stale", () => {
  const heard = new Heard();
  heard.say("nodes/n/status", { status: "online" });
  assertEquals(heard.model.nodeState("n", heard.nowMs + 20_000), "online");
  assertEquals(heard.model.nodeState("n", heard.nowMs + 31_000), "stale");
  heard.say("nodes/n/status", { status: "offline" });
  assertEquals(heard.model.nodeState("n", heard.nowMs), "online", "its will may be the doing of the broker");
  assertEquals(heard.model.settle(heard.nowMs + 2000).map(({ kind }) => kind), ["node", "event"]);
  assertEquals(heard.model.nodeState("n", heard.nowMs), "offline");
});

Deno.test("a broker that stops and starts again makes no node offline that comes back to it", () => {
  const heard = new Heard();
  heard.model.noteBroker(true, heard.nowMs);
  for (const node of ["back", "gone"]) heard.say(`nodes/${node}/heartbeat`, { node, agents: ["a"] });
  // A broker that stops publishes the wills of all, and then the connection breaks.
  for (const node of ["back", "gone"]) heard.say(`nodes/${node}/status`, { status: "offline" });
  heard.nowMs += 100;
  heard.model.noteBroker(false, heard.nowMs);
  heard.nowMs += 60_000;
  assertEquals(heard.model.settle(heard.nowMs), [], "nothing is known while the broker is away");
  heard.model.noteBroker(true, heard.nowMs);
  assertEquals(
    heard.model.nodeState("back", heard.nowMs + 29_000),
    "online",
    "it could not be heard for a minute",
  );
  for (const node of ["back", "gone"]) heard.say(`nodes/${node}/status`, { status: "offline" });
  heard.say("nodes/back/status", { status: "online" });
  heard.say("nodes/gone/devices", { sensors: [] });
  heard.nowMs += 29_000;
  assertEquals(heard.model.settle(heard.nowMs), []);
  heard.nowMs += 2000;
  heard.model.settle(heard.nowMs);
  assertEquals(heard.model.nodes.map(({ name, online }) => [name, online]), [["back", true], [
    "gone",
    false,
  ]]);
  assertEquals(heard.events, [
    "offline: The broker is away: states are those of before",
    "online: The broker is back after 60 s",
    "offline: Node gone is offline",
  ]);
});

Deno.test("a node that says itself that it ends is offline at once", () => {
  const heard = new Heard();
  heard.say("nodes/n/heartbeat", { node: "n", agents: [] });
  heard.say("nodes/n/status", { status: "offline" });
  heard.say("nodes/n/heartbeat", { node: "n", status: "offline" });
  assertEquals(heard.model.nodeState("n", heard.nowMs), "offline");
  assertEquals(heard.model.settle(heard.nowMs + 60_000), []);
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
    model.chronicle.events.latest(10).map(({ kind, node, agent, actor_id }) => [kind, node, agent, actor_id]),
    ["nocompile", "badsetup"].flatMap((name) =>
      ["spawned", "failed"].map((kind) => [kind, "py-node", name, actorId(name)])
    ),
  );
});

Deno.test("a Python node's agent that moves is shown where it went, with what happened to it", async () => {
  const { model } = await heardOf("04_migrate");
  const its = model.chronicle.events.latest(20).filter(({ actor_id }) => actor_id === actorId("sensor"));
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

Deno.test("a node is shown with its devices, those that agents have first", () => {
  const model = new Model();
  const say = (topic: string, value: unknown) =>
    model.apply(topic, new TextEncoder().encode(JSON.stringify(value)), 1000);
  say("nodes/hall/heartbeat", { node: "hall", agents: [] });
  assertEquals(model.node("hall")?.devices, []);
  const gpio = [
    { chip: "gpiochip0", names: ["", "GPIO17", "GPIO27"], holders: { "0": "door", "2": "lamp" } },
    {
      chip: "gpiochip1",
      names: ["OTHER"],
      holders: {},
      problem: { code: "group", user: "pi", group: "gpio" },
    },
  ];
  const i2c = [{ bus: 1, name: "bcm2835", holders: { "0x76": "weather" }, drivers: { "0x48": "lm75" } }];
  const serial = [{ path: "/dev/ttyUSB0", links: [], holder: "meter", problem: { code: "busy" } }];
  say("nodes/hall/devices", {
    board: "Raspberry Pi 4",
    sensors: [],
    gpio,
    i2c,
    serial,
    spi: [{ device: "0.0" }],
    pwm: [{ chip: 0, channels: 1 }],
  });
  assertEquals(model.node("hall")?.board, "Raspberry Pi 4");
  assertEquals((model.node("hall")?.devices ?? []).map(deviceWords), [
    "gpiochip0:0: held by door",
    "GPIO27: held by lamp",
    "I2C 1:0x76: held by weather",
    "/dev/ttyUSB0: held by meter; another program has /dev/ttyUSB0 open",
    "GPIO17: free",
    "OTHER: user pi is not in group gpio",
    "I2C 1 (bcm2835)",
    "I2C 1:0x48 (driver lm75)",
    "SPI 0.0: free",
    "PWM 0.0: free",
  ]);
});
