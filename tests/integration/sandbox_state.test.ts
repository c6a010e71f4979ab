/** State files that cannot be used as they are. Links planted in their place: tests/hostile. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { startEmbedded } from "../support/brokers.ts";
import { Bus, type Message } from "../support/bus.ts";
import { NodeProcess } from "../support/node_process.ts";
import { listing, prison } from "../support/prison.ts";
import { needing, ROOT } from "../support/programs.ts";

const PERSIST = `async function setup(agent) {
  try {
    agent.persist("k", "v");
    await agent.publish("kept", agent.recall("k"));
  } catch (error) {
    await agent.publish("refused", String(error));
  }
}`;

Deno.test("a damaged state file is set aside and said so", async () => {
  await using prisoner = await prison();
  const { bus, node } = prisoner;
  const damaged = new Map<string, string | Uint8Array>([
    ["cut", `{"k": "v`],
    ["list", "[1, 2]"],
    ["empty", ""],
    ["binary", new Uint8Array([0xff, 0xfe, 0, 1])],
  ]);
  for (const [name, content] of damaged) {
    const file = join(node.stateDir, `agentflow_${name}_state.json`);
    await (typeof content === "string" ? Deno.writeTextFile(file, content) : Deno.writeFile(file, content));
    const from = bus.mark();
    await node.spawn(bus, { name, code: PERSIST });
    await bus.on("kept", () => true, from);
    const isReport = (m: Message) => m.topic.endsWith("/errors") && m.json?.agent === name;
    const { json } = await bus.find(`report of ${name}`, isReport);
    assertStringIncludes(json.error, "has been set aside");
    assertEquals(JSON.parse(await Deno.readTextFile(file)), { k: "v" });
    const aside = (await listing(node.stateDir)).filter((found) =>
      found.startsWith(`agentflow_${name}_state.json.damaged`)
    );
    assertEquals(aside.length, 1);
  }
});

Deno.test("a state file beyond its limit is not read by the node", async () => {
  await using stack = new AsyncDisposableStack();
  const broker = stack.use(await startEmbedded());
  const bus = stack.use(await Bus.connect(broker.port));
  const node = stack.use(await NodeProcess.start({ port: broker.port, args: ["--state-mb", "1"] }));
  await bus.on(`nodes/${node.name}/heartbeat`);
  // Sparse: it takes no room on the disk, but would fill the memory of who reads it.
  using file = await Deno.create(join(node.stateDir, "agentflow_glutton_state.json"));
  await file.truncate(4 * 1024 ** 3);
  await bus.publish(`nodes/${node.name}/spawn`, { name: "glutton", max_restarts: 0, code: PERSIST });
  const { json } = await bus.find(
    "fatal error",
    (m) => m.topic.endsWith("/errors") && m.json?.severity === "fatal",
  );
  assertStringIncludes(json.error, "limit");
});

Deno.test(needing(ROOT, "a state file of another user is refused"), async () => {
  await using prisoner = await prison();
  const { bus, node } = prisoner;
  const file = join(node.stateDir, "agentflow_victim_state.json");
  await Deno.writeTextFile(file, "{}");
  await Deno.chown(file, 65534, 65534);
  await bus.publish(`nodes/${node.name}/spawn`, { name: "victim", max_restarts: 0, code: PERSIST });
  const { json } = await bus.find(
    "fatal error",
    (m) => m.topic.endsWith("/errors") && m.json?.severity === "fatal",
  );
  assertStringIncludes(json.error, "belongs to user 65534");
});
