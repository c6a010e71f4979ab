/** No agent outlives its runner. */
import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { startEmbedded } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { NodeProcess } from "../support/node_process.ts";
import { childrenOf, thoseLeft } from "../chaos/orphans.ts";

const HARNESS = fileURLToPath(new URL("../../agents/harness/main.ts", import.meta.url));
/** Far longer than the kernel takes. */
const PATIENCE_MS = 20_000;

Deno.test("an agent that never returns to its event loop ends with its runner", async () => {
  await using broker = await startEmbedded();
  await using bus = await Bus.connect(broker.port);
  await using node = await NodeProcess.start({ port: broker.port });
  const code = `function setup(agent) { agent.log("busy").then(() => { for (;;); }); }`;
  await node.spawn(bus, { name: "busy", code });
  const agents = childrenOf(node.pid);
  assertEquals(agents.length, 1);
  await node.end("SIGKILL");
  assertEquals(await thoseLeft(agents, PATIENCE_MS), []);
});

Deno.test("an agent whose runner died before it began ends at once, whatever waits in its pipe", async () => {
  const noParent = "1";
  await using child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-config", HARNESS, noParent],
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  assertEquals((await child.status).code, 0);
  await child.stdin.close();
});
