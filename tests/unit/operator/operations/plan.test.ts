/** Plans: from what should run and what does to what is to be done. */
import { assertEquals, assertThrows } from "@std/assert";
import { changedFields } from "../../../../protocol/spawn_changes.ts";
import { ConfigError } from "../../../../protocol/config/config_error.ts";
import { parseFleetFile } from "../../../../operator/fleet/fleet_file.ts";
import { type ActualNode, plan, type Step, wantedAgents } from "../../../../operator/operations/plan.ts";

const CODE = "function setup() {}";
const config = (name: string, more: Record<string, unknown> = {}) => ({ name, code: CODE, ...more });

function node(
  name: string,
  agents: readonly ReturnType<typeof config>[] = [],
  more: Partial<ActualNode> = {},
): ActualNode {
  return {
    name,
    isOnline: true,
    labels: {},
    hasLabels: true,
    agents: new Map(agents.map((agent) => [agent.name, agent])),
    ...more,
  };
}

const short = (steps: readonly Step[]) => steps.map(({ kind, node, agent }) => `${kind} ${node}/${agent}`);
const entries = (...agents: unknown[]) => parseFleetFile(JSON.stringify({ agents }), "fleet.json");
const wanted = (nodes: readonly ActualNode[], ...agents: unknown[]) =>
  wantedAgents(entries(...agents), nodes, () => undefined);

Deno.test("what is missing starts, what is as it should be is kept", () => {
  const nodes = [node("hall", [config("a")])];
  const steps = plan(
    wanted(nodes, { ...config("a"), node: "hall" }, { ...config("b"), node: "hall" }),
    nodes,
    false,
  );
  assertEquals(short(steps), ["keep hall/a", "start hall/b"]);
});

Deno.test("what differs is replaced, and the plan says in what", () => {
  const nodes = [node("hall", [config("a", { poll_interval: 2 })])];
  const [step] = plan(
    wanted(nodes, { ...config("a", { poll_interval: 3, code: "1" }), node: "hall" }),
    nodes,
    false,
  );
  assertEquals(step?.kind === "replace" ? step.changes : [], ["code", "poll_interval"]);
});

Deno.test("a default that is written out is no difference, nor is how a config was sent", () => {
  assertEquals(
    changedFields(config("a"), config("a", { poll_interval: 5, max_restarts: 5, type: "dynamic" })),
    [],
  );
  assertEquals(changedFields(config("a", { node: "hall", replace: true, timestamp: 3 }), config("a")), []);
  const written = config("a", { install: "npm:ms, npm:x", permissions: { net: ["a"] } });
  assertEquals(
    changedFields(
      written,
      config("a", { install: ["npm:ms", "npm:x"], permissions: { net: ["a"], read: [] } }),
    ),
    [],
  );
  assertEquals(
    changedFields(
      config("a", { of_a_planner: { x: 1, y: 2 } }),
      config("a", { of_a_planner: { y: 2, x: 1 } }),
    ),
    [],
  );
  assertEquals(changedFields(config("a", { language: "typescript" }), config("a")), []);
  assertEquals(changedFields(config("a", { of_a_planner: 1 }), config("a")), ["of_a_planner"]);
});

Deno.test("what runs elsewhere moves, and is replaced there when it differs", () => {
  const nodes = [node("hall", [config("a"), config("b")]), node("attic")];
  const steps = plan(
    wanted(nodes, { ...config("a"), node: "attic" }, {
      ...config("b", { description: "new" }),
      node: "attic",
    }),
    nodes,
    false,
  );
  assertEquals(short(steps), ["move attic/a", "move attic/b", "replace attic/b"]);
});

Deno.test("what is not listed is stopped only when asked, and only on nodes of the file", () => {
  const nodes = [node("hall", [config("x")]), node("attic", [config("y")])];
  const file = wanted(nodes, { ...config("a"), node: "hall" });
  assertEquals(short(plan(file, nodes, false)), ["start hall/a", "unlisted hall/x"]);
  assertEquals(short(plan(file, nodes, true)), ["start hall/a", "stop hall/x"]);
});

Deno.test("a node that is not there blocks what is for it", () => {
  const nodes = [node("hall", [], { isOnline: false })];
  const file = wanted(nodes, { ...config("a"), node: "hall" }, { ...config("b"), node: "moon" });
  const steps = plan(file, nodes, true);
  assertEquals(short(steps), ["blocked hall/a", "blocked moon/b"]);
  assertEquals(steps.map((step) => step.kind === "blocked" && step.isUnknown), [false, true]);
});

Deno.test("of a node that shows no configs, what runs counts as what should", () => {
  const nodes = [node("hall"), node("py", [], { agents: new Map([["a", undefined], ["b", undefined]]) })];
  const file = wanted(nodes, { ...config("a"), node: "py" }, { ...config("b"), node: "hall" });
  assertEquals(short(plan(file, nodes, false)), ["keep py/a", "move hall/b"]);
});

Deno.test("labels choose every node that has all of them", () => {
  const nodes = [
    node("a", [], { labels: { room: "hall", gpu: "yes" } }),
    node("b", [], { labels: { room: "hall" } }),
    node("c", [], { labels: { gpu: "yes", room: "attic" } }),
  ];
  const names = wanted(nodes, { ...config("x-{node}"), labels: { room: "hall" } }).map(({ config }) =>
    config.name
  );
  assertEquals(names, ["x-a", "x-b"]);
  const one = wanted(nodes, { ...config("x"), labels: { room: "hall", gpu: "yes" } });
  assertEquals(one.map(({ node }) => node), ["a"]);
});

Deno.test("one name on many nodes, or twice, is refused: an agent's name is its identity", () => {
  const nodes = [node("a"), node("b")];
  assertThrows(() => wanted(nodes, { ...config("x"), nodes: ["a", "b"] }), ConfigError, "call it 'x-{node}'");
  const twice = [{ ...config("x"), node: "a" }, { ...config("x"), node: "b" }];
  assertThrows(() => wanted(nodes, ...twice), ConfigError, "Agent 'x' is listed twice: for a and for b");
});

Deno.test("an entry that no node would take is refused", () => {
  const bad = { ...config("x", { poll_interval: 0 }), node: "a" };
  assertThrows(
    () => wanted([node("a")], bad),
    ConfigError,
    "Cannot spawn 'x': poll_interval must be above 0",
  );
});

for (
  const [what, text, message] of [
    ["no JSON", "{", "fleet.json is not JSON"],
    ["no list", "{}", "fleet.json: agents is missing"],
    [
      "an unknown field",
      '{"agents":[],"nodes":[]}',
      "fleet.json: nodes is not a field: the fields are agents",
    ],
    ["no name", '{"agents":[{"code":"1","node":"a"}]}', "agents.0.name is missing"],
    ["no code", '{"agents":[{"name":"x","node":"a"}]}', "'x' needs either file or code"],
    ["code twice", '{"agents":[{"name":"x","node":"a","code":"1","file":"x"}]}', "needs either file or code"],
    ["no target", '{"agents":[{"name":"x","code":"1"}]}', "needs one of node, nodes and labels"],
    [
      "two targets",
      '{"agents":[{"name":"x","code":"1","node":"a","labels":{"a":"b"}}]}',
      "needs one of node",
    ],
    ["empty labels", '{"agents":[{"name":"x","code":"1","labels":{}}]}', "labels must not be empty"],
    [
      "a misspelt field",
      '{"agents":[{"name":"x","code":"1","node":"a","pol_interval":1}]}',
      "'x': pol_interval is not a known field: did you mean poll_interval?",
    ],
    [
      "a field of nobody",
      '{"agents":[{"name":"x","code":"1","node":"a","colour":1}]}',
      "'x': colour is not a known field: names of your own fields begin with x-",
    ],
    [
      "replace",
      '{"agents":[{"name":"x","code":"1","node":"a","replace":true}]}',
      "replace is not for a fleet file",
    ],
  ] as const
) {
  Deno.test(`a fleet file with ${what} is refused`, () => {
    assertThrows(() => parseFleetFile(text, "fleet.json"), ConfigError, message);
  });
}

Deno.test("fields of other programs, and all that spawn configs have, are taken", () => {
  const entry = {
    ...config("x"),
    node: "a",
    type: "dynamic",
    language: "javascript",
    poll_interval: 1,
    "x-owner": "me",
  };
  assertEquals(entries(entry)[0]?.fields["x-owner"], "me");
});
