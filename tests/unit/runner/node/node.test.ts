import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { actorId } from "../../../../protocol/ids.ts";
import { progressText } from "../../../../protocol/signing/statements.ts";
import { testKey } from "../../../support/identity.ts";
import { settled } from "../../../support/fake_clock.ts";
import { type FakeNode, fakeNode } from "../../../support/fake_node.ts";
import { untilSettled } from "../../../support/until.ts";

const LOG = "agents/n/logs";
const A = actorId("a");

Deno.test("spawn starts the agent, says so, and clears the retained command once", async () => {
  await using n = await fakeNode();
  await n.spawn("a", { _reply_topic: "r" });
  await n.runtime.ready();
  assertEquals(n.reports(LOG), [{
    type: "spawned",
    message: "Remote agent 'a' started on n",
    child_name: "a",
    node: "n",
    timestamp: n.clock.epochSeconds(),
  }]);
  const cleared = n.link.published.filter((message) => message.topic === "nodes/n/spawn");
  assertEquals(cleared.map(({ payload, retain, qos }) => [payload, retain, qos]), [["", true, 1]]);
  assertEquals([n.states(), n.reports("r")], [["running"], [{ ok: true, agent: "a", actor_id: A }]]);
});

Deno.test("an empty payload is no command, and stop_all and list need none", async () => {
  await using n = await fakeNode();
  for (const command of ["spawn", "desired_state", "stop", "migrate", "reply/x"]) {
    await n.send(`nodes/n/${command}`, "");
  }
  assertEquals(n.reports(LOG), []);
  await n.send("nodes/n/list", "");
  assertEquals(n.reports("nodes/n/agents").length, 1);
});

Deno.test("a spawn of an agent that runs is ignored and logged, also while it is set up or waits for its restart", async () => {
  await using n = await fakeNode();
  const process = await n.spawn("a");
  await n.spawn("a", { _reply_topic: "r" });
  process?.exit("exited with code 1");
  await settled();
  await n.spawn("a");
  assertEquals(n.runtime.processes.length, 1);
  assertEquals(n.said("log"), Array(2).fill("Agent 'a' is already running on n: spawn ignored"));
  assertEquals(n.reports("r"), [{ ok: true, agent: "a", actor_id: A, already_running: true }]);
  assertEquals(n.link.published.filter((message) => message.topic === "nodes/n/spawn").length, 3);
});

Deno.test("replace stops the agent that runs and starts the new one", async () => {
  await using n = await fakeNode();
  await n.spawn("a");
  const first = await n.runtime.ready();
  await n.spawn("a", { replace: true });
  await n.runtime.ready();
  assertEquals([first.ends, n.runtime.processes.length, n.states()], [
    ["gracefully"],
    2,
    ["running", "stopped", "running"],
  ]);
  assertEquals(n.link.on(`agents/${A}/manifest`).includes(""), false);
});

Deno.test("an agent that has ended is not running: its name starts again", async () => {
  await using n = await fakeNode();
  const process = await n.spawn("a");
  process?.says({ t: "error", phase: "compile", error: "e", traceback: "", consecutive: 0 });
  await settled();
  await n.spawn("a");
  await n.runtime.ready();
  assertEquals(n.states(), ["failed", "running"]);
});

Deno.test("a bad spawn is told in the log and on its reply topic, with the agent's name", async () => {
  await using n = await fakeNode();
  await n.spawn("a", { poll_interval: -1, _reply_topic: "r" });
  const error = "Cannot spawn 'a': poll_interval must be above 0: current value is -1";
  assertEquals(n.reports(LOG), [{
    type: "error",
    message: error,
    child_name: "a",
    node: "n",
    timestamp: n.clock.epochSeconds(),
  }]);
  assertEquals([n.reports("r"), n.runtime.processes], [[{ ok: false, error }], []]);
});

Deno.test("payloads that make no sense are told, on every topic, and the node carries on", async () => {
  await using n = await fakeNode();
  await n.spawn("a");
  const id = A;
  const cases: [topic: string, payload: unknown, error: string][] = [
    ["nodes/n/spawn", "{", 'Cannot spawn: the config must be a JSON object, got "{"'],
    ["nodes/n/spawn", [], "Cannot spawn: the config must be a JSON object, got []"],
    ["nodes/n/spawn", {}, "Cannot spawn: name is missing"],
    [
      "nodes/n/desired_state",
      "x",
      "Cannot apply desired_state: the payload must be a JSON object, got something that is not JSON",
    ],
    ["nodes/n/desired_state", {}, "Cannot apply desired_state: agents must be a list of spawn configs"],
    [
      "nodes/n/desired_state",
      { node: "m", agents: [] },
      `Cannot apply desired_state: it is meant for node "m", this is 'n'`,
    ],
    ["nodes/n/stop", {}, 'Cannot stop: the payload must be {"name": "agent"} or the bare name, got "{}"'],
    ["nodes/n/stop", { name: "nobody" }, "Cannot stop 'nobody': it is not running on n"],
    ["nodes/n/migrate", [1], "Cannot migrate: the payload must be a JSON object, got [1]"],
    ["nodes/n/reply/x", "not json", "A reply must be JSON"],
    ["agents/by-name/a/task", 5, "Cannot give a task to 'a': the payload must be a JSON object, got 5"],
    [
      "agents/by-name/a/task",
      { _reply_topic: "a/#" },
      "Cannot give a task to 'a': _reply_topic: a topic must not contain the wildcards + or #",
    ],
    [`agents/${id}/commands`, "null", "Cannot command 'a': the payload must be a JSON object, got null"],
    [
      `agents/${id}/commands`,
      { command: "explode" },
      `Cannot command 'a': command must be one of pause, resume, stop, delete, restart, got "explode"`,
    ],
    ["agents/unknown/commands", { command: "stop" }, "Cannot command agent unknown: it is not running here"],
  ];
  for (const [topic, payload, error] of cases) {
    await n.send(topic, typeof payload === "string" ? payload : JSON.stringify(payload));
    assertEquals(n.said("error").at(-1), error, topic);
  }
  const topics = [...new Set(cases.map(([topic]) => topic))];
  for (const topic of topics.filter((topic) => topic !== "agents/unknown/commands")) {
    await n.sendBytes(topic, Uint8Array.of(0xff));
    assertEquals(n.said("error").at(-1), `Cannot read the message on ${topic}: its payload is not UTF-8`);
  }
  await n.runtime.ready();
  assertEquals(n.states(), ["running"]);
});

Deno.test("desired_state starts what is missing, leaves what runs alone, and is never cleared", async () => {
  await using n = await fakeNode();
  await n.spawn("a");
  const agents = [{ name: "a", code: "//" }, { name: "b", code: "//" }, { name: "c/", code: "//" }, {
    name: "d",
    code: "//",
  }];
  await n.send("nodes/n/desired_state", { node: "n", agents, timestamp: 1 });
  assertEquals(n.node.events.peers().map((peer) => peer.name), ["a", "b", "d"]);
  assertEquals(n.runtime.processes.length, 3);
  assertStringIncludes(String(n.said("error")[0]), "Cannot spawn: name must be 1 to 64");
  assertEquals(n.link.published.filter((message) => message.topic === "nodes/n/desired_state"), []);
});

Deno.test("a newer desired_state brings back an agent that was stopped while an older one was still being applied", async () => {
  await using n = await fakeNode();
  const names = () => n.node.events.peers().map((peer) => peer.name);
  const desire = (timestamp: number) => {
    const agents = ["a", "b"].map((name) => ({ name, code: "//" }));
    const text = JSON.stringify({ agents, timestamp });
    const payload = new TextEncoder().encode(text);
    n.node.onMessage({ topic: "nodes/n/desired_state", payload, retained: true });
  };
  desire(1);
  await untilSettled("a runs", () => names().includes("a"));
  const from = names();
  await n.send("nodes/n/stop", { name: "a" });
  await untilSettled("b runs, and a does not", () => names().includes("b") && !names().includes("a"));
  desire(2);
  await untilSettled("a runs", () => names().includes("a"));
  assertEquals([from, names().toSorted()], [["a"], ["a", "b"]]);
});

for (
  const [what, payload] of [["an object", { name: "a" }], ["a bare name", "a"], [
    "a JSON string",
    '"a"',
  ]] as const
) {
  Deno.test(`stop takes ${what}, stops for good, and clears the manifest`, async () => {
    await using n = await fakeNode();
    await n.spawn("a");
    await n.runtime.ready();
    await n.send("nodes/n/stop", payload);
    await untilSettled("it has stopped", () => n.states().at(-1) === "stopped");
    await n.clock.advance(100_000);
    assertEquals([n.states(), n.node.events.peers(), n.runtime.processes.length], [
      ["running", "stopped"],
      [],
      1,
    ]);
    assertEquals(n.link.on(`agents/${A}/manifest`).at(-1), "");
  });
}

Deno.test("stop_all stops every agent, says each stopped, then offline, then closes the link", async () => {
  await using n = await fakeNode();
  await n.spawn("a");
  await n.spawn("b");
  await n.send("nodes/n/stop_all", { reason: "operator" });
  await n.node.closed;
  assertEquals([n.states().at(-1), n.states(actorId("b")).at(-1)], ["stopped", "stopped"]);
  assertEquals(n.reports("nodes/n/heartbeat").at(-1), {
    node: "n",
    status: "offline",
    timestamp: n.clock.epochSeconds(),
  });
  assertEquals([n.link.published.at(-1)?.topic, n.link.published.at(-1)?.retain], ["nodes/n/status", true]);
  assert(n.link.closed);
  await n.spawn("c", { _reply_topic: "r" });
  assertEquals(n.reports("r"), [{ ok: false, error: "Cannot spawn 'c': node n is ending" }]);
});

Deno.test("list answers with every agent and its state, also one that waits for its restart", async () => {
  await using n = await fakeNode();
  await n.spawn("a");
  (await n.runtime.ready()).exit("exited with code 1");
  await settled();
  await n.send("nodes/n/list", {});
  assertEquals(n.reports("nodes/n/agents"), [{
    node: "n",
    agents: [{
      name: "a",
      actor_id: A,
      state: "restarting",
      restart_count: 1,
      epoch: 0,
      pid: null,
      cpu: 0,
      memory_mb: 0,
      uptime: 0,
    }],
    timestamp: n.clock.epochSeconds(),
  }]);
});

Deno.test("a migration that is not possible is answered with the reason, and changes nothing", async () => {
  await using n = await fakeNode();
  await n.spawn("a");
  for (const [name, target] of [["nobody", "m"], ["a", "n"], ["a", "m/#"], [5, "m"]]) {
    await n.send("nodes/n/migrate", { name, target_node: target });
  }
  const rule = "must be 1 to 64 of A-Z a-z 0-9 . _ - and begin with a letter or digit";
  assertEquals(
    n.reports("nodes/n/migrate_result").map(({ success, error, agent }) => [success, error, agent]),
    [
      [false, "Agent 'nobody' not found on n", "nobody"],
      [false, "Cannot migrate 'a': it already runs on n", "a"],
      [false, `Cannot migrate 'a': target_node ${rule}`, "a"],
      [false, `Cannot migrate: name ${rule}`, null],
    ],
  );
  assertEquals(n.node.events.peers().length, 1);
});

Deno.test("pause and resume reach the agent, and its heartbeats say paused meanwhile", async () => {
  await using n = await fakeNode();
  await n.spawn("a");
  const process = await n.runtime.ready();
  await n.send(`agents/${A}/commands`, { command: "pause", sender: "dashboard", timestamp: 1 });
  await n.clock.advance(10_000);
  await n.send(`agents/${A}/commands`, { command: "resume" });
  assertEquals(n.states(), ["running", "paused", "paused", "running"]);
  assertEquals(process.sent.map((frame) => frame.t).filter((t) => t === "pause" || t === "resume"), [
    "pause",
    "resume",
  ]);
});

Deno.test("delete stops the agent and forgets its state file; stop keeps it", async () => {
  await using n = await fakeNode();
  const file = `${n.stateDir}/agentflow_a_state.json`;
  for (const [command, stays] of [["stop", true], ["delete", false]] as const) {
    await n.spawn("a");
    await n.runtime.ready();
    await Deno.writeTextFile(file, "{}");
    const replied = n.reports("r").length;
    await n.send(`agents/${A}/commands`, { command, _reply_topic: "r" });
    await untilSettled("an answer", () => n.reports("r").length !== replied);
    const there = [...Deno.readDirSync(n.stateDir)].some((entry) => file.endsWith(entry.name));
    assertEquals([n.states().at(-1), there], ["stopped", stays]);
  }
});

Deno.test("a task is handed over with its payload, or whole where it has none, and its reply goes back", async () => {
  await using n = await fakeNode();
  await n.spawn("a");
  const process = await n.runtime.ready();
  const topic = "agents/by-name/a/task";
  await n.send(topic, { _remote_task: true, _reply_topic: "r", payload: { x: 1 } });
  await n.send(topic, { y: 2 });
  const tasks = process.sent.filter((frame) => frame.t === "task");
  assertEquals(tasks.map((frame) => frame.payload), [{ x: 1 }, { y: 2 }]);
  process.says({ t: "task_done", id: tasks[0]?.id ?? 0, value: { done: true } });
  assertEquals(n.reports("r"), [{ done: true }]);
});

Deno.test("a node stays silent at a task for an agent that it does not run", async () => {
  await using n = await fakeNode();
  await n.send("agents/by-name/elsewhere/task", { _reply_topic: "r", payload: 1 });
  assertEquals([n.reports("r"), n.reports(LOG)], [[], []]);
});

Deno.test("that the broker refuses an agent's topics is said in the spawn's answer, and once in the node's log", async () => {
  await using n = await fakeNode();
  const task = "agents/by-name/a/task";
  for (const filter of [task, "agents/by-name/+/task"]) n.link.refusals.set(filter, "the broker refuses it");
  await n.spawn("a", { _reply_topic: "r" });
  assertEquals(n.reports("r").map(({ ok, refused_topics }) => [ok, refused_topics]), [[true, [task]]]);
  n.node.onRefused({ filter: task, reason: "the broker refuses it" });
  n.node.onRefused({ filter: "agents/by-name/b/task", reason: "the broker refuses it" });
  assertEquals(n.said("error"), [
    `Agent 'a' runs, but others cannot reach it on ${task}: the broker refuses it. A broker may also limit how many ` +
    "subscriptions a client has: allow more, or run fewer agents on this node",
  ]);
  n.link.refusals.clear();
  await n.spawn("b", { _reply_topic: "r2" });
  assertEquals(n.reports("r2").map(({ refused_topics }) => refused_topics), [undefined]);
});

Deno.test("a node that hears the commands for all agents ignores those for agents on other nodes", async () => {
  await using n = await fakeNode();
  n.link.refusals.set("agents/by-name/a/task", "no more");
  await n.spawn("a", { _reply_topic: "r" });
  assertEquals(n.reports("r").map(({ refused_topics }) => refused_topics), [undefined]);
  await n.sendBytes("agents/unknown/commands", new TextEncoder().encode('{"command":"stop"}'));
  assertEquals(n.said("error"), []);
  await n.send(`agents/${A}/commands`, { command: "stop" });
  await untilSettled("it has stopped", () => n.states().at(-1) === "stopped");
});

Deno.test("the answer to a spawn does not wait long for a broker that does not answer", async () => {
  await using n = await fakeNode();
  n.link.subscribe = () => new Promise(() => {});
  const spawned = n.spawn("a", { _reply_topic: "r" });
  await untilSettled("it waits for the broker", () => n.clock.pendingMs.includes(2000));
  assertEquals(n.reports("r"), []);
  await n.clock.advance(2000);
  await spawned;
  assertEquals(n.reports("r").map(({ ok }) => ok), [true]);
});

Deno.test("an agent asks another on the same node and gets its answer", async () => {
  await using n = await fakeNode();
  const asking = await n.spawn("a");
  await n.runtime.ready();
  await n.spawn("b");
  const answering = await n.runtime.ready();
  asking?.says({ t: "send_to", id: 1, to: "b", payload: "question", timeout_ms: 30_000 });
  assertEquals(answering.sent.at(-1), { t: "task", id: 1, payload: "question" });
  answering.says({ t: "task_done", id: 1, value: { answer: 42 } });
  assertEquals(asking?.sent.at(-1), { t: "reply", id: 1, value: { answer: 42 } });
  assertEquals([n.reports("agents/by-name/b/task"), repliesOf(n)], [[], []]);
});

Deno.test("an agent may ask itself", async () => {
  await using n = await fakeNode();
  const process = await n.spawn("a");
  await n.runtime.ready();
  process?.says({ t: "send_to", id: 1, to: "a", payload: 1, timeout_ms: 30_000 });
  process?.says({ t: "task_done", id: 1, value: { answer: 42 } });
  assertEquals(process?.sent.at(-1), { t: "reply", id: 1, value: { answer: 42 } });
});

Deno.test("an agent that is replaced meanwhile has its successor asked", async () => {
  await using n = await fakeNode();
  const asking = await n.spawn("a");
  await n.runtime.ready();
  await n.spawn("b");
  await n.runtime.ready();
  const replaced = n.send("nodes/n/spawn", { name: "b", code: "//", replace: true });
  asking?.says({ t: "send_to", id: 1, to: "b", payload: "question", timeout_ms: 30_000 });
  await replaced;
  const successor = await n.runtime.ready();
  await untilSettled("the successor is asked", () => successor.sent.some(({ t }) => t === "task"));
  assertEquals(n.reports("agents/by-name/b/task"), []);
});

Deno.test("an agent that has ended here is asked elsewhere", async () => {
  await using n = await fakeNode();
  const asking = await n.spawn("a");
  await n.runtime.ready();
  await n.spawn("b");
  await n.runtime.ready();
  await n.send("nodes/n/stop", { name: "b" });
  asking?.says({ t: "send_to", id: 1, to: "b", payload: "question", timeout_ms: 30_000 });
  const [task] = n.reports("agents/by-name/b/task");
  assertEquals([task?._remote_task, task?.payload], [true, "question"]);
  await n.send(String(task?._reply_topic), { answer: 42 });
  assertEquals(asking?.sent.at(-1), { t: "reply", id: 1, value: { answer: 42 } });
});

Deno.test("an agent that still arrives from another node is asked over the broker: that node may have it yet", async () => {
  await using n = await fakeNode();
  const asking = await n.spawn("b");
  await n.runtime.ready();
  await n.send("nodes/n/spawn", ARRIVING);
  await n.runtime.ready();
  asking?.says({ t: "send_to", id: 1, to: "a", payload: "question", timeout_ms: 30_000 });
  assertEquals(n.reports("agents/by-name/a/task").map(({ payload }) => payload), ["question"]);
  await n.send("nodes/n/migration", { id: "m", agent: "a", from: "s", decision: "commit" });
  asking?.says({ t: "send_to", id: 2, to: "a", payload: "again", timeout_ms: 30_000 });
  assertEquals(n.reports("agents/by-name/a/task").length, 1);
  assertEquals(n.runtime.last.sent.at(-1), { t: "task", id: 1, payload: "again" });
});

/** The replies to agents of this node that went over the broker. */
function repliesOf(n: FakeNode): unknown[] {
  return n.link.published.filter(({ topic }) => topic.startsWith("nodes/n/reply/"));
}

Deno.test("each agent is told who else is here, whenever that changes", async () => {
  await using n = await fakeNode();
  const process = await n.spawn("a");
  await n.runtime.ready();
  await n.spawn("b");
  await n.runtime.ready();
  await n.send("nodes/n/stop", { name: "b" });
  const told = process?.sent.flatMap((frame) => {
    if (frame.t === "peers") return [frame.peers.map((peer) => peer.name).join()];
    if (frame.t === "peer_joined") return [`+${frame.peer.name}`];
    return frame.t === "peer_left" ? [`-${frame.name}`] : [];
  });
  assertEquals(told, ["a", "+b", "-b"]);
});

Deno.test("a node listens to an agent's topics while it is supervised", async () => {
  await using n = await fakeNode();
  await n.spawn("a");
  await n.runtime.ready();
  await n.send("nodes/n/stop", { name: "a" });
  const own = n.link.filters.filter((filter) => filter.includes("agents/"));
  assertEquals(own, [
    `+agents/by-name/a/task`,
    `+agents/${A}/commands`,
    `+agents/${A}/heartbeat`,
    `-agents/by-name/a/task`,
    `-agents/${A}/commands`,
    `-agents/${A}/heartbeat`,
  ]);
});

Deno.test("a node says online at every connect, and its heartbeat every 10 s, agents always a list of names", async () => {
  await using n = await fakeNode();
  await n.spawn("a");
  n.node.onConnected();
  await n.clock.advance(20_000);
  assertEquals(n.reports("nodes/n/status").map((report) => report.status), ["online", "online"]);
  const beats = n.reports("nodes/n/heartbeat");
  assertEquals(beats.map((report) => report.agents), [[], ["a"], ["a"], ["a"]]);
  const needed = [
    "node",
    "node_id",
    "timestamp",
    "agents",
    "agent_count",
    "broker",
    "instance",
    "runtime",
    "version",
    "uptime",
    "cpu",
    "memory_mb",
    "queue",
    "dropped",
    "generations",
    "labels",
  ];
  assertEquals(Object.keys(beats[0] ?? {}), needed);
});

const ARRIVING = { name: "a", code: "//", state: { n: 1 }, migration: { id: "m", from: "s" } };

Deno.test("a decision that comes right behind its spawn waits for it, and is obeyed", async () => {
  await using n = await fakeNode();
  const abort = { id: "m", agent: "a", from: "s", decision: "abort", _reply_topic: "aborted" };
  await Promise.all([n.send("nodes/n/spawn", ARRIVING), n.send("nodes/n/migration", abort)]);
  await untilSettled("the move is called off", () => n.reports("aborted").length > 0);
  await n.send("nodes/n/list", {});
  assertEquals((n.reports("nodes/n/agents")[0] as { agents: unknown }).agents, []);
});

Deno.test("an agent that waits for its old node's decision asks for it whenever the link comes back", async () => {
  await using n = await fakeNode();
  await n.send("nodes/n/spawn", ARRIVING);
  n.node.onConnected();
  const question = { id: "m", agent: "a", from: "n", query: true, progress: "waiting", hand_over: "" };
  const text = progressText({ id: "m", agent: "a", from: "s", to: "n" }, "", "waiting", "");
  assertEquals(n.reports("nodes/s/migration"), [{ ...question, seal: testKey("n").seal(text) }]);
  await n.send("nodes/n/migration", { id: "m", agent: "a", from: "s", decision: "commit" });
  n.node.onConnected();
  assertEquals(n.reports("nodes/s/migration").length, 1);
});

Deno.test("what code has turned out to be is kept, but not where its packages are of the other language", async () => {
  await using n = await fakeNode();
  for (const [name, install, kept] of [["a", [], "python"], ["b", ["six"], undefined]] as const) {
    const process = await n.spawn(name, { code: "x = 1", install });
    process?.says({ t: "loaded", process: false, language: "python" }, { t: "ready" });
    await settled();
    assertEquals(n.registry.find(name)?.reading, kept, name);
  }
  await n.spawn("c", { code: "const x = 1" });
  assertEquals(n.registry.find("c")?.reading, "typescript");
});

Deno.test("of a flood of messages that are no commands a few are said, with the number of the others", async () => {
  await using n = await fakeNode();
  for (let count = 0; count < 1000; count++) n.node.onMessage(noCommand());
  await settled();
  assertEquals(n.said("error").length, 200);
  await n.clock.advance(100);
  n.node.onMessage(noCommand());
  await settled();
  assertEquals(n.reports(LOG).at(-1)?.passed_over, 800);
});

function noCommand() {
  return { topic: "nodes/n/spawn", payload: new TextEncoder().encode("{"), retained: false };
}

Deno.test("what asks for a device that is not here is neither spawned nor taken over, and whoever asks is told", async () => {
  await using n = await fakeNode();
  const devices = { sensors: ["temperature"] };
  const words =
    "Cannot spawn 'a' on n: devices.sensors 'temperature': there is no such sensor; it has none at all";
  for (const more of [{}, { migration: { id: "m", from: "s" } }]) {
    const topic = `replies/${Object.keys(more).length}`;
    await n.send("nodes/n/spawn", {
      ...ARRIVING,
      migration: undefined,
      ...more,
      devices,
      _reply_topic: topic,
    });
    await untilSettled("it is answered", () => n.reports(topic).length === 1);
    const [answer] = n.reports(topic);
    assertEquals([answer?.ok, answer?.error], [false, words]);
  }
  assertEquals(n.runtime.processes.length, 0);
  assertEquals(n.node.events.peers(), []);
});
