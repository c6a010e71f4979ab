/** Agents that try to command nodes, or to speak in the name of others: by the API, by forged frames, by replies. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { actorId } from "../../protocol/ids.ts";
import { policed } from "../support/policed.ts";
import { assertAllRefused, probe } from "../support/probe.ts";

const ECHO = `function handle_task(agent, payload) { return payload; }`;
const OTHER = actorId("bystander");

/** Topics that are not for agents, on a node of that name. */
const forbidden = (node: string): string[] => [
  ...["spawn", "stop", "stop_all", "migrate", "desired_state", "list", "inspect", "migration"].map((c) =>
    `nodes/${node}/${c}`
  ),
  ...["heartbeat", "status", "agents", "migrate_result", "reply/abc"].map((report) =>
    `nodes/${node}/${report}`
  ),
  "nodes/elsewhere/stop_all",
  ...["heartbeat", "status", "logs", "errors", "manifest", "commands"].map((report) =>
    `agents/${OTHER}/${report}`
  ),
  `agents/${actorId("liar")}/heartbeat`,
  `agents/${node}/logs`,
];

Deno.test("an agent's publish to a control topic is rejected, and nothing of it reaches the bus", async () => {
  await using here = await policed();
  const { bus, node } = here;
  await node.spawn(bus, { name: "bystander", code: ECHO });
  const topics = forbidden(node.name);
  const attempts = Object.fromEntries(
    topics.map((
      topic,
    ) => [topic, `await agent.publish(${JSON.stringify(topic)}, "forged"); return "published";`]),
  );
  const findings = await probe(bus, node, "liar", {
    ...attempts,
    "a task that is answered into a control topic": `
      await agent.publish("agents/by-name/bystander/task", { payload: {}, _reply_topic: "nodes/${node.name}/stop_all" });
      return "published";`,
    "bytes": `await agent.publish("nodes/${node.name}/stop_all", new Uint8Array([1])); return "published";`,
    "retained": `await agent.publish("nodes/x/spawn", "", { retain: true }); return "published";`,
  });
  assertAllRefused(findings);
  for (const topic of topics) {
    assertStringIncludes(findings[topic] ?? "", `Cannot publish to ${topic}: control topics`);
    assertEquals(bus.all(topic).filter(({ text }) => text === "forged"), [], topic);
  }
  assertEquals((await bus.ask(`nodes/${node.name}/list`, {})).json.ok, true);
});

Deno.test("a forged frame to a control topic is refused by the node, which says so in the agent's log", async () => {
  await using here = await policed();
  const { bus, node } = here;
  const topics = [...forbidden(node.name), "agents/by-name/x/task"];
  await bus.publish(`nodes/${node.name}/spawn`, {
    name: "liar",
    code: `async function setup(agent) {
      const raw = (frame) => Deno.stdout.writeSync(new TextEncoder().encode("\\n" + JSON.stringify(frame) + "\\n"));
      for (const topic of ${JSON.stringify(topics)}) {
        raw({ t: "publish", topic, qos: 1, retain: false, text: "forged" });
      }
      raw({ t: "publish", topic: "agents/by-name/x/task", qos: 1, retain: false,
        text: JSON.stringify({ _reply_topic: "nodes/${node.name}/stop_all" }) });
      await agent.publish("forged", 1);
    }`,
  });
  await bus.on("forged");
  for (const topic of topics) {
    await bus.find(
      `refusal of ${topic}`,
      ({ json }) =>
        json?.agent === "liar" && json.message?.startsWith(`Refused by the node: publish to ${topic}: `),
    );
  }
  assertEquals(bus.messages.filter(({ text }) => text === "forged"), []);
  assertEquals((await bus.ask(`nodes/${node.name}/list`, {})).json.agents.length, 1);
});

Deno.test("no reply goes to a control topic: the one who asked would have the node command in his place", async () => {
  await using here = await policed();
  const { bus, node } = here;
  await node.spawn(bus, { name: "deputy", code: ECHO });
  const aims = [
    `nodes/${node.name}/stop_all`,
    "nodes/other/spawn",
    `agents/${OTHER}/commands`,
    "agents/by-name/x/task",
  ];
  for (const _reply_topic of aims) {
    const from = bus.mark();
    const payload = { name: "evil", code: "1", command: "stop" };
    await bus.publish("agents/by-name/deputy/task", { payload, _reply_topic });
    const { json } = await bus.on(`agents/${node.name}/logs`, (m) => m.json?.type === "error", from);
    assertStringIncludes(json.message, "Cannot give a task to 'deputy': _reply_topic: control topics");
    await bus.publish(`nodes/${node.name}/list`, { _reply_topic });
    await bus.on(`agents/${node.name}/logs`, (m) => m.json?.message?.includes("Cannot handle nodes/"), from);
    assertEquals(bus.all(_reply_topic, from), [], _reply_topic);
  }
  const reply = await bus.ask("agents/by-name/deputy/task", { payload: { still: "here" } });
  assertEquals(reply.json, { still: "here" });
});

Deno.test("what agents need of each other still works: send_to, and a task with a reply topic of their own", async () => {
  await using here = await policed();
  const { bus, node } = here;
  await node.spawn(bus, { name: "bystander", code: ECHO });
  const findings = await probe(bus, node, "asker", {
    "send_to": `return JSON.stringify(await agent.send_to("bystander", { n: 1 }));`,
    "a task": `
      const { promise: answer, resolve } = Promise.withResolvers();
      await agent.subscribe("my/answers", resolve);
      await agent.publish("agents/by-name/bystander/task", { payload: { n: 2 }, _reply_topic: "my/answers" });
      return JSON.stringify(await answer);`,
    "publish_result": `await agent.publish_result({ n: 3 }); return "said";`,
  });
  assertEquals(findings["send_to"], `GOT: '{"n":1}'`);
  assertEquals(findings["a task"], `GOT: '{"n":2}'`);
  await bus.on(`agents/${actorId("asker")}/results`);
});

Deno.test("the policy grants a control topic to the agent it names, and to no other", async () => {
  await using here = await policed({
    agents: { chief: { topics: { control: ["nodes/+/spawn", "nodes/lab/list"] } } },
  });
  const { bus, node } = here;
  const attempts = {
    "granted": `await agent.publish("nodes/lab/list", "by " + agent.name); return "published";`,
    "spawn":
      `await agent.publish("nodes/${node.name}/spawn", { name: "child", code: "1" }); return "published";`,
    "not granted": `await agent.publish("nodes/lab/stop", "x"); return "published";`,
  };
  const chief = await probe(bus, node, "chief", attempts);
  assertEquals([chief.granted, chief.spawn], [`GOT: "published"`, `GOT: "published"`]);
  assertStringIncludes(chief["not granted"] ?? "", "refused");
  await bus.find("the child", ({ json }) => json?.type === "spawned" && json.child_name === "child");
  assertAllRefused(await probe(bus, node, "indian", attempts));
  assert(bus.all("nodes/lab/list").every(({ text }) => text === "by chief"));
});
