import { assertEquals, assertMatch } from "@std/assert";
import { Requests } from "../../../../../runner/node/agents/requests.ts";
import { fakeAgent } from "../../../../support/fake_agent.ts";
import { FakeClock, settled } from "../../../../support/fake_clock.ts";
import { FakeLink } from "../../../../support/fake_link.ts";

const TASK = "agents/by-name/b/task";

function setUp() {
  const link = new FakeLink();
  const clock = new FakeClock();
  const requests = new Requests(link, "n", clock, () => 1000);
  /** The ids of the requests sent so far, from their reply topics. */
  const ids = () =>
    (link.on(TASK) as { _reply_topic: string }[]).map((task) => task._reply_topic.split("/")[3] ?? "");
  return { link, clock, requests, ids, ...fakeAgent("a") };
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
