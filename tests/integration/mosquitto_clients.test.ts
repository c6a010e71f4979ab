/** Every command topic, driven by `mosquitto_pub` and read by `mosquitto_sub`: what an operator has at hand. */
import { assertEquals, assertMatch } from "@std/assert";
import { actorId } from "../../protocol/ids.ts";
import { MOSQUITTO, Mosquitto, type TestBroker } from "../support/brokers.ts";
import { mosquittoPub, MosquittoSub } from "../support/mosquitto_clients.ts";
import { NodeProcess } from "../support/node_process.ts";
import { needing } from "../support/programs.ts";

const CODE = `
let calls = 0;
async function process(agent) { await agent.publish("sensors/temperature", { value: 21.5, call: ++calls }); }
async function handle_task(agent, payload) { return { got: payload, on: agent.node }; }`;
const config = (name: string, node = "edge") => ({ name, node, code: CODE, poll_interval: 0.05 });
const heartbeat = (name: string) => `agents/${actorId(name)}/heartbeat`;

/** A node and `mosquitto_sub` on the given topics, for as long as `run` takes. */
function test(
  law: string,
  topics: string[],
  run: (broker: TestBroker, sub: MosquittoSub) => Promise<void>,
): void {
  Deno.test(needing(MOSQUITTO, `mosquitto_pub: ${law}`), async () => {
    await using broker = await Mosquitto.start();
    await using sub = await MosquittoSub.listen(broker, "nodes/edge/heartbeat", ...topics);
    await using _node = await NodeProcess.start({ port: broker.port, name: "edge" });
    await sub.message("nodes/edge/heartbeat");
    await run(broker, sub);
  });
}

test("spawn, tasks, the buttons and stop", ["#"], async (broker, sub) => {
  const beat = heartbeat("sensor");
  await mosquittoPub(broker, "nodes/edge/spawn", config("sensor"), ["-r"]);
  await sub.line((line) => line === "nodes/edge/spawn (null)");
  await sub.message(beat, (json) => json.state === "running");
  assertEquals((await sub.message("sensors/temperature")).value, 21.5);

  await mosquittoPub(broker, "agents/by-name/sensor/task", {
    _reply_topic: "operator/reply",
    payload: { q: 1 },
  });
  assertEquals(await sub.message("operator/reply"), { got: { q: 1 }, on: "edge" });
  await mosquittoPub(broker, "agents/by-name/sensor/task", {
    _reply_topic: "operator/reply",
    question: "whole?",
  });
  assertEquals((await sub.message("operator/reply")).got.question, "whole?");

  const buttons = `agents/${actorId("sensor")}/commands`;
  for (const [command, state] of [["pause", "paused"], ["resume", "running"], ["stop", "stopped"]] as const) {
    await mosquittoPub(broker, buttons, { command, sender: "operator", timestamp: 1 });
    await sub.message(beat, (json) => json.state === state);
  }
  for (const payload of [{ name: "sensor" }, "sensor", '"sensor"']) {
    await mosquittoPub(broker, "nodes/edge/spawn", config("sensor"));
    await sub.message(beat, (json) => json.state === "running");
    await mosquittoPub(broker, "nodes/edge/stop", payload);
    await sub.message(beat, (json) => json.state === "stopped");
  }
  await mosquittoPub(broker, "nodes/edge/stop", "sensor");
  const error = await sub.message("agents/edge/logs", (json) => json.type === "error");
  assertMatch(error.message, /'sensor'/);
});

test("desired_state, list and delete", [
  "nodes/edge/agents",
  heartbeat("a1"),
  heartbeat("a2"),
], async (broker, sub) => {
  const desired = { node: "edge", agents: [config("a1"), config("a2")], timestamp: 1 };
  await mosquittoPub(broker, "nodes/edge/desired_state", desired, ["-r"]);
  await sub.lines(...["a1", "a2"].map((name) => [heartbeat(name), '"state":"running"']));
  await mosquittoPub(broker, "nodes/edge/list", {});
  const list = await sub.message("nodes/edge/agents");
  assertEquals(list.agents.map(({ name }: { name: string }) => name), ["a1", "a2"]);
  await mosquittoPub(broker, `agents/${actorId("a1")}/commands`, { command: "delete" });
  await sub.message(heartbeat("a1"), (json) => json.state === "stopped");
  await mosquittoPub(broker, "nodes/edge/list", "");
  assertEquals((await sub.message("nodes/edge/agents")).agents.length, 1);
});

test("migrate, and the reply to an agent's question", ["#"], async (broker, sub) => {
  await using _target = await NodeProcess.start({ port: broker.port, name: "target" });
  await sub.message("nodes/target/heartbeat");
  await mosquittoPub(broker, "nodes/edge/spawn", config("mover"));
  await sub.message(heartbeat("mover"), (json) => json.state === "running");
  await mosquittoPub(broker, "nodes/edge/migrate", { name: "mover", target_node: "target" });
  await sub.lines(
    [heartbeat("mover"), '"state":"stopped"', '"node":"edge"'],
    [heartbeat("mover"), '"state":"running"', '"node":"target"'],
    ["nodes/edge/migrate_result", '"success":true'],
  );
  await mosquittoPub(broker, "nodes/edge/migrate", { name: "mover", target_node: "target" });
  const result = await sub.message("nodes/edge/migrate_result", (json) => !json.success);
  assertMatch(result.error, /mover/);

  const code =
    "async function process(agent) { await agent.publish('answer', await agent.send_to('operator', 'ok?')); }";
  await mosquittoPub(broker, "nodes/edge/spawn", { ...config("asker"), code });
  const question = await sub.message("agents/by-name/operator/task");
  assertEquals([question._remote_task, question.payload], [true, "ok?"]);
  await mosquittoPub(broker, question._reply_topic, { ok: "yes" });
  assertEquals(await sub.message("answer"), { ok: "yes" });
});

Deno.test(
  needing(MOSQUITTO, "mosquitto_pub: stop_all ends the node with exit code 0"),
  async () => {
    await using broker = await Mosquitto.start();
    await using sub = await MosquittoSub.listen(broker, "nodes/edge/#", heartbeat("sensor"));
    await using node = await NodeProcess.start({ port: broker.port, name: "edge" });
    await sub.message("nodes/edge/heartbeat");
    await mosquittoPub(broker, "nodes/edge/spawn", config("sensor"));
    await sub.message(heartbeat("sensor"), (json) => json.state === "running");
    await mosquittoPub(broker, "nodes/edge/stop_all", { reason: "operator" });
    await sub.message(heartbeat("sensor"), (json) => json.state === "stopped");
    await sub.message("nodes/edge/heartbeat", (json) => json.status === "offline");
    await sub.message("nodes/edge/status", (json) => json.status === "offline");
    assertEquals(await node.exitCode(), 0);
  },
);
