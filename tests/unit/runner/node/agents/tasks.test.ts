import { assertEquals } from "@std/assert";
import { testIdentity } from "../../../../support/identity.ts";
import { RecentLines } from "../../../../../runner/node/reports/recent_lines.ts";
import { Reporter } from "../../../../../runner/node/reports/reporter.ts";
import { HASTY_REPLY_MS, Tasks } from "../../../../../runner/node/agents/tasks.ts";
import { fakeAgent } from "../../../../support/fake_agent.ts";
import { FakeClock } from "../../../../support/fake_clock.ts";
import { FakeLink } from "../../../../support/fake_link.ts";

function setUp() {
  const link = new FakeLink();
  const clock = new FakeClock();
  const identity = testIdentity();
  const tasks = new Tasks(
    new Reporter(link, identity, clock, new RecentLines(() => true)),
    clock,
    () => 1000,
  );
  const made = fakeAgent("a");
  const take = (payload: unknown, replyTopic?: string) => tasks.take(made.agent, { payload, replyTopic });
  return { link, clock, tasks, take, ...made };
}

const refused = (error: string) => ({ error, error_phase: "handle_task", agent: "a" });

Deno.test("a task is handed to an agent that is ready, and its reply sent back once", () => {
  const { tasks, take, sent, agent, link } = setUp();
  take({ x: 1 }, "r");
  assertEquals(sent, [{ t: "task", id: 1, payload: { x: 1 } }]);
  tasks.done(agent, 1, { y: 2 });
  tasks.done(agent, 1, { y: 3 });
  assertEquals([link.on("r"), agent.counters.tasksCompleted], [[{ y: 2 }], 1]);
});

Deno.test("a task without a reply topic is answered to nobody", () => {
  const { tasks, take, agent, link } = setUp();
  take(1);
  tasks.done(agent, 1, {});
  assertEquals([link.published, agent.counters.tasksCompleted], [[], 1]);
});

Deno.test("tasks end in any order, each with its own reply", () => {
  const { tasks, take, agent, link } = setUp();
  take(1, "r1");
  take(2, "r2");
  tasks.done(agent, 2, "second");
  tasks.done(agent, 1, "first");
  assertEquals([link.on("r1"), link.on("r2")], [["first"], ["second"]]);
});

Deno.test("a handle_task that threw is answered and reported as the contract words it", () => {
  const { tasks, take, agent, link, clock } = setUp();
  take(1, "r");
  tasks.failed(agent, 1, "boom", "Error: boom\n    at a.ts:1:1");
  assertEquals(link.on("r"), [refused("boom")]);
  assertEquals(link.on(`agents/${agent.actorId}/errors`), [{
    phase: "handle_task",
    severity: "warning",
    error: "boom",
    traceback: "Error: boom\n    at a.ts:1:1",
    agent: "a",
    timestamp: clock.epochSeconds(),
    name: "a",
    actor_id: agent.actorId,
    node: "n",
  }]);
  assertEquals([agent.counters.tasksFailed, agent.counters.errors], [1, 1]);
});

Deno.test("a task that nobody gave is not answered, whatever the agent says", () => {
  const { tasks, agent, link } = setUp();
  tasks.done(agent, 5, 1);
  tasks.failed(agent, 5, "e", "");
  assertEquals([link.published, agent.counters], [[], {
    processCalls: 0,
    messages: 0,
    errors: 0,
    tasksCompleted: 0,
    tasksFailed: 0,
  }]);
});

Deno.test("an agent cannot answer a task of another", () => {
  const { tasks, take, link } = setUp();
  take(1, "r");
  tasks.done(fakeAgent("other").agent, 1, "forged");
  assertEquals(link.published, []);
});

Deno.test("what waits for setup() is bounded in size, and who asks for more is told", () => {
  const { tasks, agent, fake, sent, link } = setUp();
  Object.assign(fake, { isReady: false, isStarting: true });
  const take = (name: string, chars: number) =>
    tasks.take(agent, { payload: name.padEnd(chars), replyTopic: "r" });
  take("first", 10 << 20);
  take("second", 10 << 20);
  take("third", 5 << 20);
  assertEquals(link.on("r"), [refused("Agent 'a' is not ready, and too much waits for it.")]);
  fake.isReady = true;
  tasks.ready(agent);
  assertEquals(sent.map((frame) => frame.t === "task" && String(frame.payload).trim()), ["first", "third"]);
});

Deno.test("what waits for an agent that moves is kept until it has ended, also what came after it had let go", () => {
  const { tasks, take, agent, fake, link } = setUp();
  Object.assign(fake, { isReady: false, isStarting: true });
  take("before", "r");
  const takeWaiting = tasks.keep(agent);
  take("after", "r");
  tasks.exited(agent);
  tasks.ended(agent);
  assertEquals([takeWaiting().map(({ payload }) => payload), takeWaiting(), link.published], [
    ["before", "after"],
    [],
    [],
  ]);
});

Deno.test("tasks that come before setup() has returned wait for it, in their order", () => {
  const { tasks, take, agent, fake, sent } = setUp();
  Object.assign(fake, { isReady: false, isStarting: true });
  take("first");
  take("second");
  assertEquals(sent, []);
  fake.isReady = true;
  tasks.ready(agent);
  assertEquals(sent.map((frame) => frame.t === "task" && frame.payload), ["first", "second"]);
});

Deno.test("an agent that waits for its restart takes no task, and says why", () => {
  const { take, fake, link } = setUp();
  Object.assign(fake, { isReady: false, isStarting: false });
  take(1, "r");
  assertEquals(link.on("r"), [refused("Agent 'a' is not running: it waits for its restart or ends.")]);
});

Deno.test("what an agent worked on when its process ended is answered; what waits is kept for the next", () => {
  const { tasks, take, agent, fake, link, sent } = setUp();
  take(1, "r1");
  Object.assign(fake, { isReady: false, isStarting: true });
  take(2, "r2");
  tasks.exited(agent);
  assertEquals([link.on("r1"), link.on("r2")], [[refused("Agent 'a' ended while it handled the task.")], []]);
  tasks.ready(agent);
  assertEquals(sent.at(-1), { t: "task", id: 2, payload: 2 });
});

Deno.test("what waits when the agent has ended for good is answered", () => {
  const { tasks, take, agent, fake, link } = setUp();
  Object.assign(fake, { isReady: false, isStarting: true });
  take(1, "r");
  tasks.ended(agent);
  assertEquals(link.on("r"), [refused("Agent 'a' ended before it could handle the task.")]);
  assertEquals(agent.counters.tasksFailed, 1);
});

Deno.test("an agent that does not read is given no more tasks, and the sender is told", () => {
  const { take, fake, link } = setUp();
  fake.accepts = false;
  take(1, "r");
  assertEquals(link.on("r"), [refused("Agent 'a' does not take any more tasks at the moment.")]);
});

Deno.test("an agent has at most 1000 tasks at a time", () => {
  const { tasks, take, agent, sent, link } = setUp();
  for (let n = 0; n < 1000; n++) take(n);
  take(1000, "r");
  assertEquals([sent.length, link.on("r")], [1000, [refused("Agent 'a' is busy with 1000 tasks.")]]);
  tasks.done(agent, 1, {});
  take(1001, "r");
  assertEquals(sent.length, 1001);
});

Deno.test("the reply to a hasty task waits until who asked has had time to listen, and no longer", async () => {
  const { tasks, agent, link, clock } = setUp();
  const ask = (replyTopic: string) => tasks.take(agent, { payload: 1, replyTopic, isHasty: true });
  ask("quick");
  tasks.done(agent, 1, "now");
  assertEquals(link.on("quick"), []);
  await clock.advance(HASTY_REPLY_MS - 1);
  assertEquals(link.on("quick"), []);
  await clock.advance(1);
  assertEquals(link.on("quick"), ["now"]);
  ask("slow");
  await clock.advance(HASTY_REPLY_MS);
  tasks.done(agent, 2, "at once");
  assertEquals(link.on("slow"), ["at once"]);
});

Deno.test("a reply that is held back goes out when the node ends", async () => {
  const { tasks, agent, link } = setUp();
  tasks.take(agent, { payload: 1, replyTopic: "r", isHasty: true });
  tasks.done(agent, 1, "answer");
  await tasks.close();
  assertEquals(link.on("r"), ["answer"]);
});
