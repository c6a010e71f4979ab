import { assertEquals } from "@std/assert";
import { actorId } from "../../../../../protocol/ids.ts";
import { type FakeNode, fakeNode } from "../../../../support/fake_node.ts";
import { untilSettled } from "../../../../support/until.ts";

const TOPIC = "nodes/n/spawn";
const SPAWN = JSON.stringify({ name: "a", code: "//" });

/** What the broker has retained comes with each subscription. */
function retained(node: FakeNode, text: string): void {
  node.node.onMessage({ topic: TOPIC, payload: new TextEncoder().encode(text), retained: true });
}

const cleared = ({ link }: FakeNode) =>
  link.published.filter(({ topic, payload, retain }) => topic === TOPIC && retain && payload.length === 0)
    .length;

const spawned = (node: FakeNode) => node.said("spawned").length;

async function comes(node: FakeNode, text: string, clears: number): Promise<void> {
  retained(node, text);
  await untilSettled("the spawn is cleared", () => cleared(node) === clears);
}

Deno.test("a retained spawn that has been carried out and has ended brings nothing back", async () => {
  const node = await fakeNode();
  await comes(node, SPAWN, 1);
  await node.send("nodes/n/stop", { name: "a" });
  // Another member of the broker has it still.
  await comes(node, SPAWN, 2);
  assertEquals(spawned(node), 1);
  assertEquals(
    node.said("log").filter((message) => /carried out and has ended/.test(String(message))).length,
    1,
  );
  await comes(node, JSON.stringify({ name: "a", code: "// new" }), 3);
  assertEquals(spawned(node), 2);
  await node[Symbol.asyncDispose]();
});

Deno.test("that is remembered over a restart of the agent, and of the node", async () => {
  const stateDir = await Deno.makeTempDir();
  const first = await fakeNode(stateDir);
  await comes(first, SPAWN, 1);
  await first.send(`agents/${actorId("a")}/commands`, { command: "restart" });
  await first.send("nodes/n/stop", { name: "a" });
  await first.node.close("shutdown");
  await using second = await fakeNode(stateDir);
  await comes(second, SPAWN, 1);
  assertEquals(spawned(second), 0);
});

Deno.test("the same spawn is carried out when it is sent anew", async () => {
  await using node = await fakeNode();
  await comes(node, SPAWN, 1);
  await node.send("nodes/n/stop", { name: "a" });
  await node.sendBytes(TOPIC, new TextEncoder().encode(SPAWN));
  await untilSettled("the spawn is cleared", () => cleared(node) === 2);
  assertEquals(spawned(node), 2);
});

Deno.test("a spawn and a desired_state that arrive together start their agents in the order of the messages", async () => {
  await using node = await fakeNode();
  const names = () => node.node.events.peers().map(({ name }) => name);
  const desired = JSON.stringify({ agents: ["b", "c"].map((name) => ({ name, code: "//" })) });
  retained(node, SPAWN);
  const payload = new TextEncoder().encode(desired);
  node.node.onMessage({ topic: "nodes/n/desired_state", payload, retained: true });
  await untilSettled("all have started", () => names().length === 3);
  assertEquals(names(), ["a", "b", "c"]);
});
