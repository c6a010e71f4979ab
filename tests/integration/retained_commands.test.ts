/** What the broker has kept: a spawn and a desired_state count, whatever else is kept is said once and passed over. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { actorId } from "../../protocol/ids.ts";
import { topics } from "../../protocol/topics.ts";
import { testBrokers } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { NodeProcess } from "../support/node_process.ts";
import { Stage } from "../support/stage.ts";

const WORKS = `
  const process = (agent) => agent.publish("work", 1);
  const handle_task = () => ({ done: true });`;
const RETAIN = { retain: true };
const NODE = "test-node";

/** Every command that is not meant to be kept, as it would be kept. */
const KEPT: readonly [topic: string, payload: Record<string, unknown>][] = [
  [topics.node(NODE, "stop"), { name: "works" }],
  [topics.node(NODE, "stop_all"), { reason: "removed" }],
  [topics.node(NODE, "list"), {}],
  [topics.node(NODE, "inspect"), { name: "works" }],
  [topics.node(NODE, "migrate"), { name: "works", target_node: "other" }],
  [topics.node(NODE, "migration"), { id: "1", agent: "works", from: "other", decision: "abort" }],
  [topics.node(NODE, "upgrade"), {}],
  [topics.agentCommands(actorId("works")), { command: "restart" }],
  [topics.task("works"), { _remote_task: true, payload: 1 }],
];

for (const { kind, start } of testBrokers()) {
  Deno.test(`commands that the broker has kept are passed over, and each is said once (${kind})`, async () => {
    await using broker = await start();
    await using bus = await Bus.connect(broker.port);
    for (const [topic, payload] of KEPT) {
      await bus.publish(topic, { ...payload, _reply_topic: `answers/${topic}` }, RETAIN);
    }
    const from = bus.mark();
    await using node = await NodeProcess.start({ port: broker.port });
    await node.spawn(bus, { name: "works", code: WORKS });
    for (const [topic] of KEPT) {
      const { json } = await bus.on(`answers/${topic}`, undefined, from);
      assertEquals(json.ok, false, topic);
      assertMatch(json.error, /^Ignored the retained message on .* mosquitto_pub -r -n -t '/);
    }
    // Its topics are subscribed to anew with each start.
    const again = bus.mark();
    await bus.ask(topics.agentCommands(actorId("works")), { command: "restart" });
    await bus.on("work", undefined, again);
    const { json: done } = await bus.ask(topics.task("works"), { _remote_task: true, payload: 1 });
    assertEquals(done, { done: true });
    const said = bus.all(topics.nodeLogs(NODE), from).filter(({ json }) => json.type === "error");
    assertEquals(
      said.map(({ json }) => /on (\S+):/.exec(json.message)?.[1]).sort(),
      KEPT.map(([topic]) => topic).sort(),
    );
    const restarts = bus.all(topics.agent(actorId("works"), "status"), from)
      .filter(({ json }) => json.state === "running");
    assertEquals(restarts.length, 2, "its spawn, and the restart that was asked for");
  });
}

Deno.test("a command that is sent with the retain flag is obeyed when it is sent, and not again", async () => {
  await using stage = await Stage.set();
  const agent = await stage.spawn({ name: "works", code: WORKS });
  const from = stage.bus.mark();
  await stage.bus.publish(topics.agentCommands(agent.id), { command: "pause" }, RETAIN);
  await agent.state("paused", from);
  await stage.command("stop", { name: "works" });
  const successor = await stage.spawn({ name: "works", code: WORKS });
  await stage.bus.on("work", undefined, stage.bus.mark());
  assert(!successor.states().includes("paused"));
});
