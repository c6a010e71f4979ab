/** Laws about agents, their messages and tasks. */
import { assertEquals } from "@std/assert";
import { topics } from "../../../protocol/topics.ts";
import { running, type Scene } from "../scene.ts";

const MESSAGES = 2000;

/** What an agent publishes reaches clients of another member, in order and once. */
export async function keepsTheOrder(scene: Scene): Promise<void> {
  const bus = await scene.bus(1);
  const node = await scene.node("node", { broker: scene.address(0), seenAt: 1 });
  const [name, topic] = [scene.name("many"), `laws/${scene.name("many")}`];
  const code = `async function handle_task(agent) {
    const numbers = Array.from({ length: ${MESSAGES} }, (_, n) => n);
    await Promise.all(numbers.map((n) => agent.publish(${JSON.stringify(topic)}, n)));
  }`;
  await scene.spawn(bus, node, { name, code });
  const reader = await scene.reader(1, topic);
  await bus.ask(topics.task(name), { _remote_task: true, payload: null });
  await reader.on(topic, ({ json }) => json === MESSAGES - 1);
  const numbers = reader.all(topic).map(({ json }) => json);
  assertEquals(numbers.length, MESSAGES);
  assertEquals(numbers.findIndex((n, index) => n !== index), -1, "the first one out of order");
}

/** An agent asks one on another node, at another member. */
export async function asksAnotherAgent(scene: Scene): Promise<void> {
  const bus = await scene.bus(0);
  const [a, b] = await Promise.all(
    [0, 1].map((index) => scene.node(`node${index}`, { broker: scene.address(index) })),
  );
  if (a === undefined || b === undefined) throw new Error("two were started");
  const [asker, answerer] = [scene.name("asker"), scene.name("answerer")];
  const asks = `const handle_task = (agent, payload) => agent.send_to("${answerer}", payload, 15);`;
  await scene.spawn(bus, a, { name: asker, code: asks });
  await scene.spawn(bus, b, {
    name: answerer,
    code: "const handle_task = (agent, n) => ({ node: agent.node, twice: 2 * n });",
  });
  const { json } = await bus.ask(topics.task(asker), { _remote_task: true, payload: 21 });
  assertEquals(json, { node: b.name, twice: 42 });
}

/** A task is answered at every member. */
export async function answersTasks(scene: Scene): Promise<void> {
  const node = await scene.node("node", { broker: scene.address(0) });
  const name = scene.name("worker");
  await scene.spawn(await scene.bus(0), node, { name, code: "const handle_task = (_, n) => ({ n });" });
  for (let index = 0; index < scene.size; index++) {
    const bus = await scene.bus(index);
    const { json } = await bus.ask(topics.task(name), { _remote_task: true, payload: index });
    assertEquals(json, { n: index });
  }
}

/** An agent moves to a node at another member, and goes on with what it has kept. */
export async function movesWithItsState(scene: Scene): Promise<void> {
  const bus = await scene.bus(2);
  const [a, b] = await Promise.all(
    [0, 1].map((index) => scene.node(`node${index}`, { broker: scene.address(index), seenAt: 2 })),
  );
  if (a === undefined || b === undefined) throw new Error("two were started");
  const name = scene.name("mover");
  await scene.spawn(bus, a, {
    name,
    code:
      `const setup = (agent) => { if (agent.recall("home") === undefined) agent.persist("home", agent.node); };
      const handle_task = (agent) => ({ home: agent.recall("home"), node: agent.node });`,
  });
  const from = bus.mark();
  await bus.publish(topics.node(a.name, "migrate"), { name, target_node: b.name });
  const { json: result } = await bus.on(topics.migrateResult(a.name), undefined, from);
  assertEquals(result.success, true, result.error);
  await running(bus, name, from, b.name);
  const { json } = await bus.ask(topics.task(name), { _remote_task: true, payload: null });
  assertEquals(json, { home: a.name, node: b.name });
}
