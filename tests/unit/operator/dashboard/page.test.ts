import { assert, assertEquals } from "@std/assert";
import { parseAgentApi } from "../../../../operator/dashboard/page/editor/agent_api.ts";
import { parsePythonApi } from "../../../../operator/dashboard/page/editor/python_api.ts";
import {
  countStates,
  heldRows,
  type ListOptions,
  optionsIn,
  queryOf,
  rowsOf,
} from "../../../../operator/dashboard/page/logic/agent_rows.ts";
import {
  type NodeOptions,
  nodeOptionsIn,
  nodeRowsOf,
} from "../../../../operator/dashboard/page/logic/node_rows.ts";
import { editorLanguageOf } from "../../../../operator/dashboard/page/logic/code_language.ts";
import {
  ago,
  count,
  duration,
  megabytes,
  percent,
  zoneWords,
} from "../../../../operator/dashboard/page/logic/format.ts";
import {
  isPast,
  movingEnd,
  pointedAt,
  RANGES,
  reading,
  unitOf,
  withGaps,
} from "../../../../operator/dashboard/page/logic/samples.ts";
import {
  lastRun,
  originWords,
  pairIn,
  pairWords,
} from "../../../../operator/dashboard/page/logic/versions.ts";
import { visible } from "../../../../operator/dashboard/page/logic/visible.ts";
import { livenessOf } from "../../../../operator/dashboard/page/logic/liveness.ts";
import {
  configOf,
  EMPTY_FORM,
  fieldChanges,
  formInDraft,
  formOf,
  problemsOf,
} from "../../../../operator/dashboard/page/logic/spawn_form.ts";
import { BULK_ROWS, bulkSummary, labelFilter } from "../../../../operator/dashboard/page/logic/bulk.ts";
import { type AgentState, agentState } from "../../../../operator/dashboard/page/logic/states.ts";
import { merged } from "../../../../operator/dashboard/page/state/store.ts";
import { Model } from "../../../../operator/dashboard/server/model/model.ts";

const NOW = 1_000_000;
const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

function fleet() {
  const model = new Model();
  const say = (topic: string, payload: unknown) => model.apply(topic, bytes(payload), NOW * 1000);
  for (const node of ["north", "south", "empty"]) say(`nodes/${node}/heartbeat`, { node, agents: [] });
  say("nodes/south/heartbeat", { node: "south", status: "offline" });
  say("agents/1/heartbeat", { name: "alpha", node: "north", state: "running", cpu: 5, task: "measuring" });
  say("agents/2/heartbeat", { name: "beta", node: "north", state: "failed", cpu: 9 });
  say("agents/3/heartbeat", { name: "gamma", node: "south", state: "running", cpu: 1 });
  return { agents: model.agents, nodes: new Map(model.nodes.map((node) => [node.name, node])) };
}

const ALL: ListOptions = {
  labels: "",
  text: "",
  states: new Set(),
  grouped: false,
  sort: "name",
  descending: false,
  folded: new Set(),
};

Deno.test("agents are listed flat or under their nodes, searched, filtered and sorted", () => {
  const { agents, nodes } = fleet();
  const list = (options: Partial<ListOptions>) =>
    rowsOf(agents, nodes, { ...ALL, ...options }, NOW).map((row) =>
      row.kind === "group" ? `[${row.name}]` : row.agent.name
    );
  assertEquals(list({}), ["alpha", "beta", "gamma"]);
  assertEquals(list({ sort: "cpu", descending: true }), ["beta", "alpha", "gamma"]);
  assertEquals(list({ sort: "state" }), ["beta", "gamma", "alpha"], "what wants attention first");
  assertEquals(list({ text: "MEASURING" }), ["alpha"]);
  assertEquals(list({ states: new Set(["lost"]) }), ["gamma"]);
  assertEquals(list({ grouped: true }), ["[empty]", "[north]", "alpha", "beta", "[south]", "gamma"]);
  assertEquals(list({ grouped: true, folded: new Set(["north"]) }), [
    "[empty]",
    "[north]",
    "[south]",
    "gamma",
  ]);
  assertEquals([...countStates(agents, nodes, NOW)], [["running", 1], ["failed", 1], ["lost", 1]]);
});

Deno.test("nodes are found by parts of names, labels and versions, and sorted by what is wrong with them", () => {
  const { agents, nodes } = fleet();
  const labelled = new Map([...nodes].map(([name, node]) => [
    name,
    { ...node, labels: { room: name === "north" ? "kitchen" : "hall" }, version: "0.2.0" },
  ]));
  const names = (change: Partial<NodeOptions>) =>
    nodeRowsOf(labelled, agents, { text: "", sort: "name", descending: false, ...change }, NOW)
      .map(({ node }) => node.name);
  assertEquals(names({}), ["empty", "north", "south"]);
  assertEquals(names({ text: "room=kitchen 0.2" }), ["north"]);
  assertEquals(names({ text: "room=kitchen 0.3" }), []);
  assertEquals(names({ sort: "trouble", descending: true })[0], "north");
  assertEquals(names({ sort: "state" }), ["south", "empty", "north"]);
  const [north] = nodeRowsOf(labelled, agents, { text: "north", sort: "name", descending: false }, NOW);
  assertEquals([north?.agents, north?.troubled, north?.state], [2, 1, "online"]);
  assertEquals(nodeOptionsIn(new URLSearchParams("q=x&sort=evil&order=desc")), {
    text: "x",
    sort: "name",
    descending: true,
  });
});

Deno.test("rows that are held stay where they are, with what is new of them", () => {
  const { agents, nodes } = fleet();
  const byCpu: ListOptions = { ...ALL, sort: "cpu", descending: true, states: new Set(["running"]) };
  const rows = rowsOf(agents, nodes, byCpu, NOW);
  const later = new Map(agents.map((agent) => [
    agent.actor_id,
    agent.name === "alpha" ? { ...agent, cpu: 0, state: "failed" } : { ...agent, cpu: 99 },
  ]));
  later.delete("3");
  const held = heldRows(rows, later, nodes, NOW);
  assertEquals(held.map(({ key }) => key), rows.map(({ key }) => key));
  const [first] = held;
  assertEquals(first?.kind === "agent" && [first.agent.name, first.agent.cpu, first.state], [
    "alpha",
    0,
    "failed",
  ]);
});

Deno.test("agents are chosen by the labels of their nodes, and a label that is half typed leaves none out", () => {
  const { agents, nodes } = fleet();
  const north = nodes.get("north");
  assert(north !== undefined);
  nodes.set("north", { ...north, labels: { room: "kitchen" } });
  const list = (labels: string) =>
    rowsOf(agents, nodes, { ...ALL, labels }, NOW).map((row) => row.kind === "agent" && row.agent.name);
  assertEquals(list("room=kitchen"), ["alpha", "beta"]);
  assertEquals(list("!room"), ["gamma"]);
  assertEquals(list("room=kitchen,camera"), []);
  assertEquals(list("=").length, 3);
  assertEquals(labelFilter("=").kind, "wrong");
});

Deno.test("an action on several is for those whose state it fits", () => {
  const fitting = (state: AgentState) => BULK_ROWS.filter(([, { fits }]) => fits(state)).map(([key]) => key);
  assertEquals(fitting("running"), ["pause", "restart", "stop", "delete"]);
  assertEquals(fitting("paused"), ["resume", "restart", "stop", "delete"]);
  assertEquals(fitting("failed"), ["start"]);
  assertEquals(fitting("lost"), []);
  const outcome = (ok: boolean) => ({ ok, message: "", took_ms: 1 });
  assertEquals(bulkSummary("stop", [outcome(true), "busy", outcome(false)]), "1 stopped, 1 failed");
});

Deno.test("the address has what the list was told, and nothing else", () => {
  const options: ListOptions = {
    labels: "room=kitchen",
    text: "door & gate",
    states: new Set(["failed", "lost"]),
    grouped: false,
    sort: "cpu",
    descending: true,
    folded: new Set(),
  };
  const query = new URLSearchParams(queryOf(options));
  assertEquals(optionsIn(query, new Set()), options);
  assertEquals(Object.values(queryOf({ ...ALL, grouped: true })).join(""), "");
  const odd = new URLSearchParams("state=evil,failed&sort=evil&order=evil&arrange=evil");
  assertEquals(optionsIn(odd, new Set()), { ...ALL, grouped: true, states: new Set(["failed"] as const) });
});

Deno.test("a connection that says nothing is silent within 5 s, and given up within 10 s", () => {
  assertEquals([1000, 4900, 5100, 9900, 10_100].map((ms) => livenessOf(ms, true)), [
    "live",
    "live",
    "silent",
    "silent",
    "broken",
  ]);
  assertEquals(livenessOf(59_000, false), "live", "the first message is large, and the network may be slow");
  assertEquals(livenessOf(61_000, false), "broken");
});

Deno.test("an agent of a node that is gone is lost, unless it had ended before", () => {
  const { agents, nodes } = fleet();
  const [, , gamma] = agents;
  assert(gamma !== undefined);
  assertEquals(agentState(gamma, nodes.get("south"), NOW), "lost");
  assertEquals(agentState({ ...gamma, state: "stopped" }, nodes.get("south"), NOW), "stopped");
  assertEquals(agentState({ ...gamma, state: "<b>" }, nodes.get("north"), NOW), "unknown");
});

Deno.test("numbers and times are short", () => {
  assertEquals([5, 90, 3600, 7500, 90_000].map(duration), ["5s", "1m", "1h", "2h 5m", "1d 1h"]);
  assertEquals([ago(null, 10), ago(9, 10), ago(2, 10)], ["never", "now", "8s ago"]);
  assertEquals([percent(0.44), percent(99.6), percent(null)], ["0.4%", "100%", "–"]);
  assertEquals([megabytes(38.4), megabytes(2048), count(1234), count(250_000)], [
    "38 MB",
    "2.0 GB",
    "1,234",
    "250k",
  ]);
});

Deno.test("the time zone is told by name and by its distance from UTC", () => {
  const at = (minutes: number) => ({ getTimezoneOffset: () => minutes }) as Date;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const of = (offset: string) => zone === offset ? offset : `${zone}, ${offset}`;
  assertEquals([0, -120, 300, -345].map((minutes) => zoneWords(at(minutes))), [
    of("UTC"),
    of("UTC+2"),
    of("UTC-5"),
    of("UTC+5:45"),
  ]);
});

Deno.test("characters that turn or hide text are shown as what they are", () => {
  assertEquals(
    visible("all is well\u202e\u2066\u200b\x1b[2J\u{e0041}\u2028"),
    "all is well\\u202e\\u2066\\u200b\\x1b[2J\\u{e0041}\\u2028",
  );
  const plain = "ümläut שלום\n\t漢字 👩\u200d🔧 👍🏽";
  assertEquals(visible(plain), plain, "what people write stays");
  assertEquals(visible("a\u200db"), "a\\u200db", "a joiner between letters joins nothing that can be seen");
});

Deno.test("a pause that is longer than usual is a gap, not a line", () => {
  assertEquals(withGaps([0, 10, 20, 80, 90], [1, 2, 3, 4, 5]), {
    time: [0, 10, 20, 50, 80, 90],
    values: [1, 2, 3, null, 4, 5],
  });
  assertEquals(withGaps([0, 10, 25, 35], [1, null, 3, 4]).values, [1, null, 3, 4]);
  assertEquals(withGaps([], []), { time: [], values: [] });
  assertEquals(pointedAt(withGaps([0, 10, 20, 80], [1, 2, 3, 4]), 3), { time: 50, value: null });
});

Deno.test("an hour is shown as it comes, and anything longer or older is asked for, a few times a range", () => {
  assertEquals(movingEnd(1001, RANGES["1h"]), 1005);
  assertEquals(movingEnd(1_000_001, RANGES["1d"]) % 288, 0);
  const now = 1_000_000_000;
  const isAsked = (name: keyof typeof RANGES) => isPast(movingEnd(now, RANGES[name]) - RANGES[name], now);
  assertEquals(["5m", "1h", "1d", "1y"].map((name) => isAsked(name as keyof typeof RANGES)), [
    false,
    false,
    true,
    true,
  ]);
  assertEquals(isPast(now - 7200, now), true, "a part of a chart that was selected two hours ago");
});

Deno.test("a reading has the unit of its payload, else that of its name, else none", () => {
  const cases: readonly [string, string | null, string][] = [
    ["value", "°C", "21.5 °C"],
    ["temperature", null, "21.5 °C"],
    ["air.humidity", null, "21.5%"],
    ["watts", null, "21.5 W"],
    ["took_ms", null, "21.5 ms"],
    ["value", null, "21.5"],
    ["templates", null, "21.5"],
  ];
  for (const [field, said, words] of cases) assertEquals(reading(21.5, unitOf(field, said)), words, field);
  assertEquals(reading(0.1 + 0.2, ""), "0.3");
});

Deno.test("the spawn form says what is wrong, and leaves out what is not said", () => {
  assertEquals(Object.keys(problemsOf({ ...EMPTY_FORM, poll_interval: "0", extra: "[" })), [
    "name",
    "node",
    "code",
    "poll_interval",
    "extra",
  ]);
  const form = {
    ...EMPTY_FORM,
    name: "a",
    node: "n",
    code: "x",
    install: "npm:ms@2, npm:x",
    extra: '{"secrets":["k"]}',
  };
  assertEquals(problemsOf(form), {});
  assertEquals(configOf(form), {
    secrets: ["k"],
    name: "a",
    code: "x",
    poll_interval: 5,
    max_restarts: 5,
    restart_delay: 3,
    install: ["npm:ms@2", "npm:x"],
  });
});

Deno.test("an agent that is edited keeps all of its config, and says what is new", () => {
  const config = {
    name: "a",
    poll_interval: 2.5,
    max_restarts: 1,
    restart_delay: 4,
    capabilities: ["x", "y"],
    install: ["npm:z@1"],
    language: "python",
    permissions: { net: ["example.org"] },
    rollback: false,
  };
  const form = formOf({ ...config, epoch: 7, node: "n", replace: true }, "code", "n", true);
  assertEquals(configOf(form), { ...config, code: "code", replace: true });
  assertEquals(configOf(formOf(config, "code", "n", false)), { ...config, code: "code" });
  assertEquals(
    fieldChanges(form, { ...form, code: "new", max_restarts: "3", description: "d", replace: false }),
    [
      "description: nothing → d",
      "max_restarts: 1 → 3",
    ],
  );
});

Deno.test("two versions are compared: those of the address, else the newest and the one before it", () => {
  const version = { time: 0, node: "kitchen", source: "spawn", signed_as: null, ran: false } as const;
  const versions = [{ ...version, id: 9 }, { ...version, id: 7, ran: true }, {
    ...version,
    id: 4,
    ran: true,
  }];
  assertEquals(pairIn("", versions), { from: 7, to: 9 });
  assertEquals(pairIn("4-9", versions), { from: 4, to: 9 });
  assertEquals(pairIn(pairWords({ from: 9, to: 4 }), versions), { from: 9, to: 4 }, "the other way round");
  assertEquals(pairIn("4-8", versions), { from: 7, to: 9 }, "one that is not kept");
  assertEquals(pairIn("", versions.slice(0, 1)), null);
  assertEquals(lastRun(versions)?.id, 7);
  assertEquals(
    originWords({ ...version, id: 1, source: "dashboard", signed_as: "ops" }),
    "by this dashboard, for kitchen, signed as ops",
  );
});

Deno.test("a draft is a form, or nothing", () => {
  assertEquals(formInDraft(JSON.stringify({ ...EMPTY_FORM, name: "a" }))?.name, "a");
  for (const draft of ["", "null", "[]", "{}", '{"name":1}', "not JSON"]) {
    assertEquals(formInDraft(draft), undefined);
  }
});

Deno.test("the spawn form says the language only where somebody has chosen it", () => {
  const form = { ...EMPTY_FORM, name: "a", node: "n", code: "x = 1" };
  assertEquals(configOf(form).language, undefined);
  assertEquals(configOf({ ...form, language: "python" }).language, "python");
});

Deno.test("code is shown in the language that was chosen, else in the one that it looks like", () => {
  const python = "async def process(agent):\n    await agent.log('x')\n";
  const typescript = "export async function process(agent) {\n  await agent.log('import os');\n}\n";
  assertEquals([python, typescript, ""].map((code) => editorLanguageOf(undefined, code)), [
    "python",
    "typescript",
    "typescript",
  ]);
  assertEquals(editorLanguageOf("python", typescript), "python");
  assertEquals(editorLanguageOf("javascript", python), "typescript");
  assertEquals(editorLanguageOf({}, "x = 1", ["pypi:humanize"]), "python");
});

Deno.test("the editor knows every member of the agent API in Python too, by its own signature", async () => {
  const read = (path: string) => Deno.readTextFile(new URL(`../../../../agents/${path}`, import.meta.url));
  const types = parseAgentApi(await read("types.d.ts"));
  const members = parsePythonApi(await read("harness/python/agentflow.py"), types);
  const names = members.map(({ name }) => name);
  const wanted = types.map(({ name }) => name).filter((name) => name === name.toLowerCase());
  assertEquals(wanted.filter((name) => !names.includes(name)), []);
  assertEquals(names.filter((name) => name.startsWith("_")), []);
  const member = (sought: string) => members.find(({ name }) => name === sought);
  assertEquals(member("publish")?.signature, "await (topic, data, qos=1, retain=False, local=False)");
  assertEquals(member("persist")?.signature, "(key, value)");
  assertEquals(member("delegate")?.signature, member("send_to")?.signature);
  assert(member("persist")?.documentation.startsWith("Stores a JSON value"));
  assert((member("alert")?.documentation ?? "") !== "", "told by the types");
});

Deno.test("the editor knows every member of the agent API", async () => {
  const types = await Deno.readTextFile(new URL("../../../../agents/types.d.ts", import.meta.url));
  const members = parseAgentApi(types);
  const declared = [...types.matchAll(/^ {2}(?:readonly )?([a-zA-Z_]+)[(:]/gm)].map(([, name]) => name);
  const names = members.map(({ name }) => name);
  for (
    const name of [
      "publish",
      "log",
      "alert",
      "persist",
      "recall",
      "state",
      "send_to",
      "secret",
      "subscribe",
      "signal",
      "agents",
      "set_status",
    ]
  ) {
    assert(names.includes(name) && declared.includes(name), name);
  }
  const publish = members.find(({ name }) => name === "publish");
  assertEquals([publish?.isMethod, publish?.signature], [
    true,
    "(topic: string, data: unknown, options?: PublishOptions): Promise<void>",
  ]);
  assert(publish?.documentation.startsWith("Publishes to any topic"));
});

Deno.test("entries come together in order, each once, the newest of them", () => {
  const entry = (seq: number) => ({ seq, time: 0, node: null, agent: null, actor_id: null });
  const seqs = (a: number[], b: number[], max = 10) =>
    merged(a.map(entry), b.map(entry), max).map(({ seq }) => seq);
  assertEquals(seqs([1, 2], [3, 4]), [1, 2, 3, 4]);
  assertEquals(seqs([3, 4], [1, 3]), [1, 3, 4]);
  assertEquals(seqs([1, 2, 3], [4, 5], 3), [3, 4, 5]);
  assertEquals(seqs([1], []), [1]);
});
