/** An agent that waits for the node is not one that hangs. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { startEmbedded } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { NodeProcess } from "../support/node_process.ts";

/** Of `--hang-timeout`, in seconds. The lines take several times as long at their rate, and fill the pipe. */
const LIMIT_SECONDS = 2;
const LINES = 1200;
const LINES_PER_SECOND = 150;

Deno.test("an agent whose output the node does not read for a while is not called hung", async () => {
  const dir = await Deno.makeTempDir();
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  const policy = join(dir, "policy.json");
  await Deno.writeTextFile(policy, JSON.stringify({ messages_per_second: LINES_PER_SECOND }));
  const broker = stack.use(await startEmbedded());
  const bus = stack.use(await Bus.connect(broker.port));
  const args = ["--policy", policy, "--hang-timeout", String(LIMIT_SECONDS)];
  const node = stack.use(await NodeProcess.start({ port: broker.port, args }));
  await bus.on(`nodes/${node.name}/heartbeat`);
  // One turn of its event loop: it writes until the pipe is full, and then waits for the node.
  const code = `function setup(agent) {
    const line = "x".repeat(500);
    for (let n = 0; n < ${LINES}; n++) console.log(n, line);
  }
  async function process(agent) { await agent.publish("done", "done"); await new Promise((r) => setTimeout(r, 1e6)); }`;
  await bus.publish(`nodes/${node.name}/spawn`, { name: "talker", code });
  await bus.find("sign of life", ({ topic }) => topic === "done", 0, 60_000);
  assertEquals(bus.all("agents/+/errors").map(({ json }) => json.error), []);
});
