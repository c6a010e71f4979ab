import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  DEFAULT_TOPIC_RULES,
  mayHear,
  publishRefusal,
  replyRefusal,
  sendToRefusal,
  subscribeRefusal,
  type TopicRules,
} from "../../../protocol/agent_topics.ts";
import { COMMANDS, NODE_COMMANDS } from "../../../protocol/commands.ts";
import { filterCovers } from "../../../protocol/topics.ts";

const TASK = "agents/by-name/x/task";

/** Every control topic of the contract, and what looks like one. */
const CONTROL = [
  ...[
    "spawn",
    "stop",
    "stop_all",
    "migrate",
    "desired_state",
    "list",
    "inspect",
    "migration",
    "heartbeat",
    "status",
  ]
    .map(
      (command) => `nodes/n/${command}`,
    ),
  ...["agents", "migrate_result", "reply/0a1b", "audit", "whatever"].map((topic) => `nodes/n/${topic}`),
  ...["heartbeat", "status", "logs", "alert", "errors", "manifest", "results", "metrics", "commands"].map(
    (report) => `agents/17561c67-335f-5ec9-ae51-71d168d17181/${report}`,
  ),
  "agents/node-name/logs",
  "agents/by-name/x/other",
  "agents/by-name/x/task/more",
  "nodes/",
  "agents/",
];

const rules = (some: Partial<TopicRules>): TopicRules => ({ ...DEFAULT_TOPIC_RULES, ...some });
const publish = (topic: string, payload: unknown = {}, some: Partial<TopicRules> = {}, retain = false) =>
  publishRefusal(rules(some), {
    topic,
    own: "n/a/detections",
    retain,
    payload: () =>
      payload instanceof Uint8Array || typeof payload === "string" ? payload : JSON.stringify(payload),
  });

Deno.test("no control topic is for agents", () => {
  for (const topic of CONTROL) assertStringIncludes(publish(topic) ?? "", "control topics", topic);
});

Deno.test("every other topic is, also one that resembles a control topic", () => {
  for (
    const topic of [
      "sensors/t",
      "node/n/spawn",
      "/nodes/n/spawn",
      "Nodes/n/spawn",
      "x/nodes/n/spawn",
      "nodes",
    ]
  ) {
    assertEquals(publish(topic), undefined, topic);
  }
});

/** Where nodes write what they know whose it is. */
const OTHERS = ["main/reply/abc", "main/reply/abc/1", "n/b/detections", "m/a/detections", "x/y/detections"];

Deno.test("answers to a main machine, and detections of others, are not for agents, by publish or by a task's answer", () => {
  for (const topic of OTHERS) {
    assertStringIncludes(publish(topic) ?? "", "not for agents", topic);
    assertStringIncludes(publish(TASK, { _reply_topic: topic }) ?? "", "_reply_topic", topic);
    assertEquals(publish(topic, 1, { control: ["main/reply/#", "+/+/detections"] }), undefined);
  }
  assertEquals(publish("n/a/detections"), undefined);
  assertEquals(publish(TASK, { _reply_topic: "n/a/detections" }), undefined);
  for (const topic of ["main/repl", "main/other", "a/detections", "a/b/c/detections"]) {
    assertEquals(publish(topic), undefined);
  }
});

Deno.test("what is said to somebody is heard by nobody else, whatever filter an agent has; reports are for all", () => {
  const reports = [
    ...["nodes/n/heartbeat", "nodes/n/status", "nodes/n/agents", "nodes/n/audit"],
    ...["heartbeat", "logs", "errors", "results", "detections", "manifest"].map((report) =>
      `agents/id/${report}`
    ),
    ...["agents/id/readings/temperature", "agents/id/readings/task", "agents/id/switches/lamp"],
    ...["sensors/t", "main/news", "n/b/detections", "mine/reply/1"],
  ];
  const told = [
    ...NODE_COMMANDS.map((command) => COMMANDS[command].topic.replaceAll(/[{}]/g, "")),
    ...["main/reply/abc", "nodes/n/whatever", "agents/id/whatever", "agents/by-name/x/other"],
    // It has the form of a reading.
    "agents/by-name/readings/task",
    "agents/by-name/switches/task",
  ];
  for (const topic of reports) assertEquals(mayHear(rules({}), topic), true, topic);
  for (const topic of told) {
    assertEquals(mayHear(rules({}), topic), false, topic);
    assertStringIncludes(subscribeRefusal(rules({}), topic) ?? "", "for those whom they are for", topic);
    // Named by a policy, it is meant.
    assertEquals(mayHear(rules({ subscribe: [topic] }), topic), true, topic);
    assertEquals(subscribeRefusal(rules({ subscribe: ["#", topic] }), topic), undefined, topic);
  }
  for (
    const filter of [
      "agents/by-name/+/task",
      "nodes/+/reply/#",
      "main/reply/#",
      "agents/+/commands",
    ]
  ) {
    assert(subscribeRefusal(rules({}), filter) !== undefined, filter);
  }
  for (
    const filter of [
      "#",
      "agents/+/readings/+",
      "agents/+/+/+",
      "+/+/+",
      "agents/#",
      "agents/+/+",
      "nodes/#",
      "nodes/+/status",
      "main/#",
    ]
  ) {
    assertEquals(subscribeRefusal(rules({}), filter), undefined, filter);
  }
});

Deno.test("a control topic that is granted may be published to, and no other", () => {
  const granted = { control: ["nodes/lab/spawn", "nodes/+/list"] };
  assertEquals(publish("nodes/lab/spawn", "x", granted), undefined);
  assertEquals(publish("nodes/any/list", "x", granted), undefined);
  assert(publish("nodes/lab/stop", "x", granted) !== undefined);
});

Deno.test("a task may be published where its reply goes to a topic that is the agent's to use", () => {
  assertEquals(publish(TASK, { payload: 1 }), undefined);
  assertEquals(publish(TASK, { payload: 1, _reply_topic: null }), undefined);
  assertEquals(publish(TASK, { _reply_topic: "my/replies" }), undefined);
  for (const _reply_topic of [...CONTROL, TASK, 5, {}, ["nodes/n/spawn"]]) {
    assertStringIncludes(publish(TASK, { _reply_topic }) ?? "", "_reply_topic", String(_reply_topic));
  }
});

Deno.test("a task that another reader could read otherwise is none", () => {
  const hidden = `{"_reply_topic":"nodes/n/stop_all"}`;
  const utf16 = new Uint8Array([...hidden].flatMap((letter) => [letter.charCodeAt(0), 0]));
  for (
    const payload of [
      `\ufeff${hidden}`,
      utf16,
      new TextEncoder().encode(`\ufeff${hidden}`),
      "x",
      "[]",
      "",
      "1",
    ]
  ) {
    assertStringIncludes(publish(TASK, payload) ?? "", "JSON object");
  }
  assertStringIncludes(publish(TASK, new TextEncoder().encode(hidden)) ?? "", "_reply_topic");
  assertStringIncludes(
    publish(TASK, `{"_reply_topic":"a","_reply_topic":"nodes/n/spawn"}`) ?? "",
    "_reply_topic",
  );
  assertStringIncludes(publish(TASK, {}, {}, true) ?? "", "retained");
});

Deno.test("a policy's topics hold for publish, send_to and subscribe", () => {
  const some = { publish: ["sensors/#", "agents/by-name/db/task"], subscribe: ["sensors/+/t", "cmd"] };
  assertEquals(publish("sensors/a/b", 1, some), undefined);
  assertEquals(
    publish("other", 1, some),
    "the node's policy lets it publish to sensors/#, agents/by-name/db/task only",
  );
  assertEquals(sendToRefusal(rules(some), "agents/by-name/db/task"), undefined);
  assert(sendToRefusal(rules(some), TASK) !== undefined);
  assertEquals(sendToRefusal(rules({}), TASK), undefined);
  assertEquals(subscribeRefusal(rules(some), "sensors/x/t"), undefined);
  assertEquals(subscribeRefusal(rules(some), "sensors/+/t"), undefined);
  for (const filter of ["#", "sensors/#", "sensors/+/+", "cmd/#", "+"]) {
    assert(subscribeRefusal(rules(some), filter) !== undefined, filter);
  }
  assertEquals(publish("x", 1, { publish: [] }), "the node's policy lets it publish to no topic at all");
});

Deno.test("a reply goes to no control topic but where nodes wait for replies", () => {
  for (const topic of CONTROL.filter((topic) => topic !== "nodes/n/reply/0a1b")) {
    assert(replyRefusal(topic) !== undefined, topic);
  }
  assert(replyRefusal(TASK) !== undefined);
  assertStringIncludes(replyRefusal("n/b/detections") ?? "", "where detections of agents are");
  for (const topic of ["nodes/n/reply/0a1b", "main/reply/abc/1"]) {
    assertEquals(replyRefusal(topic), undefined);
  }
});

Deno.test("a filter covers another when it matches all that the other matches", () => {
  for (
    const [outer, inner, expected] of [
      ["#", "a/+/#", true],
      ["#", "$SYS/#", false],
      ["+/a", "$SYS/a", false],
      ["a/#", "a", true],
      ["a/#", "a/#", true],
      ["a/+", "a/#", false],
      ["a/+", "a/+", true],
      ["a/b", "a/+", false],
      ["a/+/c", "a/b/c", true],
      ["a/+/c", "a/b", false],
      ["a", "a/b", false],
      ["a/#", "b", false],
    ] as const
  ) assertEquals(filterCovers(outer, inner), expected, `${outer} covers ${inner}`);
});
