import { assertEquals, assertMatch } from "@std/assert";
import { RecentLines } from "../../../../../runner/node/reports/recent_lines.ts";
import { Reporter } from "../../../../../runner/node/reports/reporter.ts";
import { Requests } from "../../../../../runner/node/agents/requests.ts";
import { Tasks } from "../../../../../runner/node/agents/tasks.ts";
import type { SupervisedAgent } from "../../../../../runner/supervisor/supervised_agent.ts";
import { fakeAgent } from "../../../../support/fake_agent.ts";
import { FakeClock, settled } from "../../../../support/fake_clock.ts";
import { FakeLink } from "../../../../support/fake_link.ts";
import { testIdentity } from "../../../../support/identity.ts";

const TASK = "agents/by-name/b/task";

function setUp() {
  const link = new FakeLink();
  const clock = new FakeClock();
  const reporter = new Reporter(link, testIdentity(), clock, new RecentLines(() => true));
  const tasks = new Tasks(reporter, clock, () => 1000);
  /** The agents of this node. */
  const here = new Map<string, SupervisedAgent>();
  const findHere = (name: string) => here.get(name);
  const requests = new Requests({ link, node: "n", clock, tasks, findHere, limitOf: () => 1000 });
  /** The ids of the requests sent so far, from their reply topics. */
  const ids = () =>
    (link.on(TASK) as { _reply_topic: string }[]).map((task) => task._reply_topic.split("/")[3] ?? "");
  /** Another agent of this node, which is asked. */
  const neighbour = (name = "b") => {
    const made = fakeAgent(name);
    here.set(name, made.agent);
    return made;
  };
  return { link, clock, tasks, requests, ids, neighbour, ...fakeAgent("a") };
}

Deno.test("a request is a task for the other agent, with a reply topic that cannot be guessed", () => {
  const { link, requests, agent, clock } = setUp();
  void requests.ask(agent, 1, "b", { x: 1 }, 30_000);
  void requests.ask(agent, 2, "b", null, 30_000);
  const [first, second] = link.on(TASK) as { _reply_topic: string }[];
  assertMatch(first?._reply_topic ?? "", /^nodes\/n\/reply\/[0-9a-f]{32}$/);
  assertEquals(first as unknown, {
    _remote_task: true,
    _reply_topic: first?._reply_topic,
    payload: { x: 1 },
  });
  assertEquals(first?._reply_topic === second?._reply_topic, false);
  assertEquals(link.published.map(({ qos, retain }) => [qos, retain]), [[1, false], [1, false]]);
  assertEquals(clock.pendingMs, [30_000, 30_000]);
  requests.forget(agent);
});

Deno.test("the reply goes to the one who asked, once", async () => {
  const { requests, agent, sent, ids, clock } = setUp();
  void requests.ask(agent, 7, "b", 1, 30_000);
  requests.answer(ids()[0] ?? "", { ok: 1 });
  requests.answer(ids()[0] ?? "", { ok: 2 });
  await clock.advance(60_000);
  assertEquals(sent, [{ t: "reply", id: 7, value: { ok: 1 } }]);
});

Deno.test("a request is answered with null when its time is up, and a late reply is passed over", async () => {
  const { requests, agent, sent, ids, clock } = setUp();
  void requests.ask(agent, 7, "b", 1, 30_000);
  await clock.advance(29_999);
  assertEquals(sent, []);
  await clock.advance(1);
  requests.answer(ids()[0] ?? "", "late");
  assertEquals(sent, [{ t: "reply", id: 7, value: null }]);
});

Deno.test("replies find their requests in any order", () => {
  const { requests, agent, sent, ids } = setUp();
  for (const id of [1, 2, 3]) void requests.ask(agent, id, "b", id, 1000);
  const [one = "", two = "", three = ""] = ids();
  for (const [request, value] of [[three, "c"], [one, "a"], [two, "b"]] as const) {
    requests.answer(request, value);
  }
  assertEquals(sent.map((frame) => frame.t === "reply" && [frame.id, frame.value]), [[3, "c"], [1, "a"], [
    2,
    "b",
  ]]);
});

Deno.test("a reply that nobody waits for changes nothing", () => {
  const { requests, sent } = setUp();
  requests.answer("unknown", 1);
  requests.answer("__proto__", 1);
  assertEquals(sent, []);
});

Deno.test("requests of a process that has ended are forgotten, those of others are not", async () => {
  const { requests, agent, sent, ids, clock } = setUp();
  const other = fakeAgent("c");
  void requests.ask(agent, 1, "b", 1, 1000);
  void requests.ask(other.agent, 1, "b", 1, 1000);
  requests.forget(agent);
  requests.answer(ids()[0] ?? "", "for nobody");
  await settled();
  assertEquals(clock.pendingMs, [1000]);
  await clock.advance(1000);
  assertEquals([sent, other.sent], [[], [{ t: "reply", id: 1, value: null }]]);
});

Deno.test("an agent may wait for 1000 replies at a time; one more is refused at once", () => {
  const { link, requests, agent, sent, ids } = setUp();
  for (let id = 0; id < 1001; id++) void requests.ask(agent, id, "b", null, 1000);
  const error = "Agent 'a' already waits for 1000 replies.";
  assertEquals([link.published.length, sent], [1000, [{ t: "reply", id: 1000, value: { error } }]]);
  requests.answer(ids()[0] ?? "", 1);
  void requests.ask(agent, 1001, "b", null, 1000);
  assertEquals(link.published.length, 1001);
  requests.forget(agent);
});

Deno.test("an agent of the same node is asked and answers without a word on the broker", () => {
  const { link, tasks, requests, agent, sent, neighbour, clock } = setUp();
  const asked = neighbour();
  void requests.ask(agent, 7, "b", { x: 1 }, 30_000);
  assertEquals(asked.sent, [{ t: "task", id: 1, payload: { x: 1 } }]);
  tasks.done(asked.agent, 1, { y: 2 });
  tasks.done(asked.agent, 1, { y: 3 });
  assertEquals(sent, [{ t: "reply", id: 7, value: { y: 2 } }]);
  assertEquals([link.published, asked.agent.counters.tasksCompleted, clock.pendingMs.length], [[], 1, 0]);
});

Deno.test("what goes wrong with an agent of the same node is answered as if it were far away", () => {
  const { link, tasks, requests, agent, sent, neighbour } = setUp();
  const asked = neighbour();
  void requests.ask(agent, 1, "b", 1, 30_000);
  tasks.failed(asked.agent, 1, "boom", "");
  void requests.ask(agent, 2, "b", 1, 30_000);
  tasks.exited(asked.agent);
  asked.fake.accepts = false;
  void requests.ask(agent, 3, "b", 1, 30_000);
  asked.fake.isReady = false;
  void requests.ask(agent, 4, "b", 1, 30_000);
  assertEquals(
    sent.map((frame) => frame.t === "reply" && [frame.id, frame.value]),
    [
      "boom",
      "Agent 'b' ended while it handled the task.",
      "Agent 'b' does not take any more tasks at the moment.",
      "Agent 'b' is not running: it waits for its restart or ends.",
    ].map((error, index) => [index + 1, { error, error_phase: "handle_task", agent: "b" }]),
  );
  assertEquals(asked.agent.counters.tasksFailed, 4);
  assertEquals(link.published.map(({ topic }) => topic), [`agents/${asked.agent.actorId}/errors`]);
});

Deno.test("an agent of the same node that answers too late is passed over, and so is one whose asker has ended", async () => {
  const { link, tasks, requests, agent, sent, neighbour, clock } = setUp();
  const asked = neighbour();
  void requests.ask(agent, 1, "b", 1, 1000);
  await clock.advance(1000);
  tasks.done(asked.agent, 1, "late");
  void requests.ask(agent, 2, "b", 1, 1000);
  requests.forget(agent);
  tasks.done(asked.agent, 2, "to nobody");
  assertEquals([sent, link.published], [[{ t: "reply", id: 1, value: null }], []]);
});

Deno.test("who waits for an agent that moves away hears it from its new node", () => {
  const { link, tasks, requests, agent, sent, neighbour } = setUp();
  const asked = neighbour();
  Object.assign(asked.fake, { isReady: false, isMoving: true });
  void requests.ask(agent, 7, "b", { x: 1 }, 30_000);
  const takeWaiting = tasks.keep(asked.agent);
  tasks.ended(asked.agent);
  const [{ payload, replyTopic } = { payload: undefined, replyTopic: "" }] = takeWaiting();
  assertEquals(payload, { x: 1 });
  requests.answer(replyTopic?.split("/")[3] ?? "", { y: 2 });
  assertEquals([sent, link.published], [[{ t: "reply", id: 7, value: { y: 2 } }], []]);
});
