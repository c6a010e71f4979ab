/** The model of the fleet: what a message changes, and what it does not. */
import { assertEquals } from "@std/assert";
import { actorId } from "../../../../protocol/ids.ts";
import { Fleet } from "../../../../operator/fleet/fleet.ts";
import { stateOf } from "../../../../operator/fleet/views.ts";
import { STALE_AFTER_MS } from "../../../../protocol/heartbeat.ts";

const bytes = (value: unknown) =>
  new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));

function fleetOf(...messages: readonly (readonly [topic: string, value: unknown])[]): Fleet {
  const fleet = new Fleet();
  for (const [topic, value] of messages) fleet.apply(topic, bytes(value), 1000);
  return fleet;
}

Deno.test("a heartbeat shows a node as it is", () => {
  const heartbeat = {
    node: "hall",
    agents: ["a"],
    cpu: 1.5,
    memory_mb: 90,
    timestamp: 0.25,
    labels: { room: "hall" },
  };
  const node = fleetOf(["nodes/hall/heartbeat", heartbeat]).node("hall");
  assertEquals([node?.isOnline, node?.agents, node?.cpu, node?.labels], [true, ["a"], 1.5, { room: "hall" }]);
  assertEquals([node?.lastSeenMs, node?.clockSkewSeconds], [1000, 0.75]);
});

Deno.test("a node is online, stale or offline by its own word and its silence", () => {
  const fleet = fleetOf(["nodes/hall/heartbeat", { agents: [] }], ["nodes/attic/status", {
    status: "offline",
  }]);
  const [hall, attic] = ["hall", "attic"].map((name) => fleet.node(name));
  if (hall === undefined || attic === undefined) throw new Error("they are known");
  assertEquals(stateOf(hall, 1000 + STALE_AFTER_MS), "online");
  assertEquals(stateOf(hall, 1001 + STALE_AFTER_MS), "stale");
  assertEquals(stateOf(attic, 1000), "offline");
});

Deno.test("the last will of an earlier process does not end the one that runs", () => {
  const fleet = fleetOf(
    ["nodes/hall/heartbeat", { agents: [], instance: "new" }],
    ["nodes/hall/status", { status: "offline", instance: "old" }],
  );
  assertEquals(fleet.node("hall")?.isOnline, true);
  fleet.apply("nodes/hall/status", bytes({ status: "offline", instance: "new" }), 1000);
  assertEquals(fleet.node("hall")?.isOnline, false);
});

Deno.test("what does not parse, or is no report, changes nothing", () => {
  const fleet = new Fleet();
  for (
    const [topic, value] of [
      ["nodes/hall/heartbeat", "not json"],
      ["nodes/hall/heartbeat", "[]"],
      ["nodes/hall/spawn", { name: "x" }],
      ["agents/id/heartbeat", { state: "running" }],
      ["sensors/x", { node: "x" }],
    ] as const
  ) assertEquals(fleet.apply(topic, bytes(value), 0), undefined, `${topic} ${value}`);
  assertEquals([fleet.nodes, fleet.agents], [[], []]);
});

Deno.test("an agent is put together from all its reports", () => {
  const agent = fleetOf(
    ["agents/id/manifest", { name: "a", node: "hall", description: "d" }],
    ["agents/id/heartbeat", { name: "a", node: "hall", state: "running", task: "busy" }],
    ["agents/id/metrics", { uptime: 7, errors: 2, messages_processed: 9 }],
    ["agents/id/errors", { agent: "a", restart_count: 3 }],
  ).agent("id");
  assertEquals([agent?.state, agent?.task, agent?.uptime, agent?.restarts], ["running", "busy", 7, 3]);
  assertEquals([agent?.errors, agent?.manifest?.description], [2, "d"]);
});

Deno.test("a manifest that is cleared is gone; the agent is not", () => {
  const fleet = fleetOf(["agents/id/manifest", { name: "a", node: "hall" }], ["agents/id/manifest", ""]);
  assertEquals([fleet.agents.length, fleet.agent("id")?.manifest], [1, undefined]);
});

Deno.test("the answer to list shows agents that have not said anything yet", () => {
  const fleet = new Fleet();
  const id = actorId("a");
  fleet.applyList("hall", [{ name: "a", actor_id: id, state: "installing" }, null, { name: 7 }], 5);
  assertEquals(fleet.agents.map(({ name, node, state }) => [name, node, state]), [[
    "a",
    "hall",
    "installing",
  ]]);
  assertEquals(fleet.agentNamed("a")?.actorId, id);
});

Deno.test("a fatal error is the end of an agent, unless it is that of a node to which it was to move", () => {
  const running: [string, unknown] = ["agents/id/heartbeat", { name: "a", node: "hall", state: "running" }];
  const fatal = { agent: "a", phase: "setup", severity: "fatal", error: "no sensor" };
  const stateAfter = (error: unknown) => fleetOf(running, ["agents/id/errors", error]).agent("id")?.state;
  assertEquals(stateAfter(fatal), "failed");
  assertEquals(stateAfter({ ...fatal, node: "hall" }), "failed");
  assertEquals(stateAfter({ ...fatal, node: "attic" }), "running");
  assertEquals(stateAfter({ ...fatal, severity: "critical" }), "running");
});

Deno.test("a fleet is bounded: the one that has been silent longest makes room", () => {
  const fleet = new Fleet({ maxEntries: 2 });
  for (const name of ["a", "b", "a", "c"]) fleet.apply(`nodes/${name}/heartbeat`, bytes({ agents: [] }), 0);
  assertEquals(fleet.nodes.map(({ name }) => name), ["a", "c"]);
});

Deno.test("what has no valid name is not kept, neither as a node nor as an agent nor in a list", () => {
  const fleet = new Fleet();
  for (const name of ["zz$(id)", "a b", "\x1b[2J", "a\nb", "\u202eb", "", "x".repeat(65), "../a", "-a"]) {
    fleet.apply(`nodes/${name}/heartbeat`, bytes({ agents: [] }), 0);
    fleet.apply(`agents/${name}/heartbeat`, bytes({ name: "a" }), 0);
    fleet.apply("agents/id/heartbeat", bytes({ name, agent: name, state: "running" }), 0);
    fleet.applyList("hall", [{ name, actor_id: "id" }, { name: "a", actor_id: name }], 0);
    fleet.applyList(name, [{ name: "a", actor_id: "id" }], 0);
    fleet.applySpawned("id", name, "hall", 0);
    fleet.applySpawned("id", "a", name, 0);
  }
  assertEquals([fleet.nodes.map(({ name }) => name), fleet.agents], [["hall"], []]);
  fleet.apply("nodes/hall/heartbeat", bytes({ agents: ["a", "$(id)", 7] }), 0);
  fleet.apply("agents/id/heartbeat", bytes({ name: "a", node: "`id`" }), 0);
  assertEquals(fleet.nodes.map(({ name, agents }) => [name, agents]), [["hall", ["a"]]]);
  assertEquals(fleet.agents.map(({ name, node }) => [name, node]), [["a", undefined]]);
});

Deno.test("agents that anybody has invented crowd out none that a node vouches for, and are few", () => {
  const evicted: string[] = [];
  const fleet = new Fleet({ maxStrangers: 3, onEvicted: (id) => evicted.push(id) });
  const own = actorId("sensor");
  fleet.apply(`agents/${own}/heartbeat`, bytes({ name: "sensor", node: "hall", state: "running" }), 0);
  fleet.apply("nodes/hall/heartbeat", bytes({ agents: ["sensor"] }), 0);
  for (let number = 0; number < 100; number++) {
    const invented = { name: `x${number}`, node: "hall", state: "running" };
    fleet.apply(`agents/${actorId(invented.name)}/heartbeat`, bytes(invented), 1);
    // The name of one that is vouched for, under another id.
    fleet.apply(`agents/id${number}/heartbeat`, bytes({ ...invented, name: "sensor" }), 1);
  }
  assertEquals([fleet.agents.length, fleet.agent(own)?.name, evicted.length], [4, "sensor", 197]);
  assertEquals(evicted.includes(own), false);
});

Deno.test("what others say of themselves is bounded in length", () => {
  const long = "x".repeat(100_000);
  const fleet = fleetOf(
    ["nodes/hall/heartbeat", { agents: [], version: long, labels: { a: long, [long]: "b" } }],
    ["agents/id/manifest", { name: "a", description: long }],
    ["agents/id/heartbeat", { name: "a", state: long, task: long }],
  );
  assertEquals(JSON.stringify([fleet.nodes, fleet.agents]).length < 3000, true);
});

Deno.test("the labels of a node that is off are those of its retained status", () => {
  const off = fleetOf(["nodes/hall/status", { status: "offline", labels: { room: "hall" } }]).node("hall");
  assertEquals([off?.isOnline, off?.labels, off?.hasLabels], [false, { room: "hall" }, true]);
  const old = fleetOf(["nodes/hall/status", { status: "offline" }]).node("hall");
  assertEquals([old?.labels, old?.hasLabels], [{}, false]);
});

Deno.test("two nodes that run an agent of one name are two instances; one that has ended, or left, is none", () => {
  const id = actorId("a");
  const beat = (
    node: string,
    state: string,
  ): [string, unknown] => [`agents/${id}/heartbeat`, { name: "a", node, state }];
  const nodes = (fleet: Fleet) => fleet.instances(id).map(({ node }) => node).sort();
  const two = [
    ["nodes/hall/heartbeat", { agents: ["a"] }],
    ["nodes/attic/heartbeat", { agents: ["a"] }],
    beat("hall", "running"),
    beat("attic", "running"),
  ] as const;
  const fleet = fleetOf(...two);
  assertEquals([nodes(fleet), fleet.agents.length], [["attic", "hall"], 2]);
  fleet.apply(`agents/${id}/metrics`, bytes({ errors: 1 }), 1000);
  assertEquals(nodes(fleet), ["attic", "hall"]);
  assertEquals(nodes(fleetOf(...two, beat("hall", "stopped"))), ["attic"]);
  assertEquals(nodes(fleetOf(...two, ["nodes/hall/heartbeat", { agents: [] }])), ["attic"]);
  const listed = fleetOf(...two);
  listed.applyList("hall", [], 1000);
  assertEquals(nodes(listed), ["attic"]);
  assertEquals(nodes(fleetOf(beat("hall", "stopped"), beat("attic", "stopped"))), ["attic"]);
});

Deno.test("a forged report of another node hides no agent that a node vouches for", () => {
  const id = actorId("a");
  const fleet = fleetOf(
    ["nodes/hall/heartbeat", { agents: ["a"] }],
    [`agents/${id}/heartbeat`, { name: "a", node: "hall", state: "running" }],
    [`agents/${id}/heartbeat`, { name: "a", node: "nowhere", state: "failed" }],
    [`agents/${id}/heartbeat`, { name: "a", node: "elsewhere", state: "running" }],
  );
  assertEquals([fleet.agent(id)?.node, fleet.agent(id)?.state], ["hall", "running"]);
});

Deno.test("a fleet of 6,000 agents is known in full: nobody is taken for missing", () => {
  const fleet = new Fleet();
  const nodes = Array.from({ length: 600 }, (_, node) => ({
    node: `node-${node}`,
    names: Array.from({ length: 10 }, (_, agent) => `agent-${agent}-${node}`),
  }));
  const all = nodes.flatMap(({ node, names }) => names.map((name) => ({ node, name, id: actorId(name) })));
  // As the broker delivers what it keeps, and then the nodes answer.
  for (const { node, name, id } of all) {
    fleet.apply(`agents/${id}/manifest`, bytes({ name, node, description: "d" }), 1000);
  }
  for (const { node, names } of nodes) {
    fleet.apply(`nodes/${node}/heartbeat`, bytes({ node, agents: names }), 1000);
    const listed = names.map((name) => ({ name, actor_id: actorId(name), state: "running" }));
    fleet.applyList(node, listed, 1000);
  }
  const unknown = all.filter(({ node, id }) => {
    const [agent] = fleet.instances(id);
    return agent?.node !== node || agent.state !== "running" || agent.manifest === undefined;
  });
  assertEquals([fleet.agents.length, unknown], [6000, []]);
});
