/** Topics that agents need all the same, and those that a policy grants. What is refused to them: tests/hostile. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { actorId } from "../../protocol/ids.ts";
import { policed } from "../support/policed.ts";
import { assertAllRefused, probe } from "../support/probe.ts";

const ECHO = `function handle_task(agent, payload) { return payload; }`;
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

Deno.test("an agent hears no task for another and answers none, says nothing of another's, and hears what nodes report", async () => {
  await using here = await policed();
  const { bus, node } = here;
  await node.spawn(bus, { name: "victim", code: `${ECHO} function process() {}`, poll_interval: 0.05 });
  const findings = await probe(bus, node, "snoop", {
    "tasks": `await agent.subscribe("agents/by-name/+/task", () => {}); return "hears";`,
    "answers": `await agent.subscribe("main/reply/#", () => {}); return "hears";`,
    "an answer": `await agent.publish("main/reply/1", { result: "mine" }); return "said";`,
    "a detection": `await agent.publish("${node.name}/victim/detections", ["cat"]); return "said";`,
    "an answer by the victim": `await agent.publish("agents/by-name/victim/task", {
      payload: ["cat"], _reply_topic: "${node.name}/victim/detections" }); return "said";`,
  });
  assertAllRefused(findings);
  const listening = probe(bus, node, "listener", {
    "everything": `
      const topics = new Set();
      const { promise: done, resolve } = Promise.withResolvers();
      await agent.subscribe("#", (_, topic) => { topics.add(topic); if (topic === "tests/done") resolve(); });
      await agent.publish("tests/listens", 1);
      await done;
      return [...topics].filter((topic) => !topic.startsWith("agents/") || topic.includes("by-name")).join();`,
  });
  await bus.on("tests/listens");
  await bus.ask("agents/by-name/victim/task", { payload: 1 });
  await bus.publish("main/reply/1", { result: 1 });
  await bus.publish("nodes/elsewhere/spawn", { name: "x", code: "secret" });
  await bus.publish("nodes/elsewhere/status", { status: "online" });
  await bus.publish("tests/done", 1);
  const topics = (await listening)["everything"] ?? "";
  assertStringIncludes(topics, "nodes/elsewhere/status");
  assertEquals(/by-name|main\/reply|spawn/.test(topics), false, topics);
  assertEquals(bus.all(`${node.name}/victim/detections`), []);
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
