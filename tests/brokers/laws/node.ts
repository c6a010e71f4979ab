/** Laws about a node and its commands. */
import { assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { topics } from "../../../protocol/topics.ts";
import type { Bus } from "../../support/bus.ts";
import { until } from "../../support/until.ts";
import { running, type Scene } from "../scene.ts";
import { storm } from "../storm.ts";

const IDLE = "function handle_task(agent, payload) { return { node: agent.node, payload }; }";

/** It is heard at every member, and answers what is asked there. */
export async function connects(scene: Scene): Promise<void> {
  const node = await scene.node("node", { broker: scene.address(0) });
  for (let index = 0; index < scene.size; index++) {
    const bus = await scene.bus(index);
    const { json } = await bus.ask(topics.node(node.name, "list"), {});
    assertEquals(json.agents, []);
  }
}

/** The broker says that a node is gone which was killed. */
export async function leavesItsWill(scene: Scene): Promise<void> {
  const bus = await scene.bus(1);
  const node = await scene.node("node", { broker: scene.address(0), seenAt: 1 });
  const from = bus.mark();
  await node.end("SIGKILL");
  await bus.on(topics.nodeStatus(node.name), ({ json }) => json?.status === "offline", from);
}

/** A spawn is kept by the member that the node comes to later. */
export function findsItsSpawn(scene: Scene): Promise<void> {
  return findsItsSpawnAt(scene, 0);
}

/** The node comes to another member than the spawn. */
export function findsItsSpawnElsewhere(scene: Scene): Promise<void> {
  return findsItsSpawnAt(scene, 1);
}

async function findsItsSpawnAt(scene: Scene, index: number): Promise<void> {
  const bus = await scene.bus(0);
  const [node, agent] = [scene.name("node"), scene.name("agent")];
  const from = bus.mark();
  await bus.publish(topics.node(node, "spawn"), { node, name: agent, code: IDLE }, { retain: true });
  await scene.node("node", { broker: scene.address(index) });
  await running(bus, agent, from);
}

/** An agent that was stopped does not come back with its node, wherever that connects. */
export async function clearsItsSpawn(scene: Scene): Promise<void> {
  const bus = await scene.bus(0);
  const [stateDir, agent] = [await scene.folder(), scene.name("agent")];
  const node = await scene.node("node", { broker: scene.address(1), stateDir });
  const from = bus.mark();
  const command = { node: node.name, name: agent, code: IDLE };
  await bus.publish(topics.node(node.name, "spawn"), command, { retain: true });
  await running(bus, agent, from);
  await bus.ask(topics.node(node.name, "stop"), { name: agent });
  assertEquals(await agentsOf(bus, node.name), []);
  await node.end();
  for (const index of [0, 1, 2]) {
    const again = await scene.node("node", { broker: scene.address(index), stateDir });
    // What is kept comes with the subscription, before what is asked afterwards.
    assertEquals(await agentsOf(bus, node.name), [], `at member ${index}`);
    await again.end();
  }
  await until("no member keeps the spawn", async () => {
    const kept = await Promise.all([0, 1, 2].map((index) => keptSpawn(scene, index, node.name)));
    return kept.every((text) => text === "");
  }, 10_000);
}

async function agentsOf(bus: Bus, node: string): Promise<string[]> {
  const { json } = await bus.ask(topics.node(node, "list"), {});
  return json.agents.map(({ name }: { name: string }) => name);
}

async function keptSpawn(scene: Scene, index: number, node: string): Promise<string> {
  const topic = topics.node(node, "spawn");
  const late = await scene.reader(index, topic);
  // What is kept comes right behind the subscription.
  await delay(300);
  return late.all(topic).find(({ retained }) => retained)?.text ?? "";
}

/** What was said to a node that was away reaches it, also at another member. */
export async function comesBackElsewhere(scene: Scene): Promise<void> {
  const bus = await scene.bus(2);
  const [stateDir, kept, sent] = [await scene.folder(), scene.name("kept"), scene.name("sent")];
  const node = await scene.node("node", { broker: scene.address(0), stateDir, seenAt: 2 });
  await scene.spawn(bus, node, { name: kept, code: IDLE });
  await node.end("SIGKILL");
  await bus.on(topics.nodeStatus(node.name), ({ json }) => json?.status === "offline");
  const from = bus.mark();
  await bus.publish(topics.node(node.name, "spawn"), { node: node.name, name: sent, code: IDLE });
  await scene.node("node", { broker: scene.address(1), stateDir, seenAt: 2 });
  await running(bus, kept, from);
  await running(bus, sent, from);
}

/** A node that has the addresses of all members goes on at another one, within seconds. */
export async function outlivesItsMember(scene: Scene): Promise<void> {
  const node = await scene.node("node", { broker: scene.addresses });
  const agent = scene.name("agent");
  const bus = await scene.bus(0);
  await scene.spawn(bus, node, { name: agent, code: IDLE });
  const first = (await bus.on(topics.nodeHeartbeat(node.name))).json.connected_to;
  const at = [0, 1, 2].find((index) => first === `mqtt://${scene.address(index)}`) ?? 0;
  const other = await scene.bus(at + 1);
  await scene.member(at).kill();
  const from = other.mark();
  // Alone, it has to come back itself.
  if (scene.size === 1) await scene.member(at).start();
  const { json } = await other.on(topics.nodeHeartbeat(node.name), undefined, from);
  if (scene.size > 1) assertEquals(json.connected_to === first, false, "it is at another member");
  const answer = await other.ask(topics.task(agent), { _remote_task: true, payload: 1 });
  assertEquals(answer.json, { node: node.name, payload: 1 });
  if (scene.size > 1) await scene.member(at).start();
}

/** All agents of a desired state run. */
export async function reachesTheDesiredState(scene: Scene): Promise<void> {
  const bus = await scene.bus(0);
  const node = await scene.node("node", { broker: scene.address(1) });
  const names = [scene.name("one"), scene.name("two")];
  const from = bus.mark();
  const agents = names.map((name) => ({ name, code: IDLE }));
  const desired = { node: node.name, agents, timestamp: Date.now() / 1000 };
  await bus.publish(topics.node(node.name, "desired_state"), desired, { retain: true });
  for (const name of names) await running(bus, name, from);
  await bus.publish(topics.node(node.name, "desired_state"), "", { retain: true });
}

/** Nothing is lost that was acknowledged when a member is killed, and the nodes of that member are back soon. */
export async function losesNothing(scene: Scene): Promise<void> {
  const { acknowledged, lost, awayMs, missing } = await storm(scene, {
    nodes: 3,
    kills: 1,
    everySeconds: 4,
  });
  assertEquals(
    { lost, missing, isAny: acknowledged > 0 },
    { lost: 0, missing: 0, isAny: true },
    `${awayMs} ms`,
  );
}
