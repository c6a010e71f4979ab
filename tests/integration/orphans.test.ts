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

Deno.test("what a runner has left behind where nothing ends it, its next start ends, and says so", async () => {
  await using broker = await startEmbedded();
  await using bus = await Bus.connect(broker.port);
  // Neither perl nor setpriv on this PATH.
  const env = { PATH: "/nonexistent" };
  await using node = await NodeProcess.start({ port: broker.port, env });
  const code = `function setup(agent) { agent.log("busy").then(() => { for (;;); }); }`;
  await node.spawn(bus, { name: "busy", code });
  const agents = childrenOf(node.pid);
  assertEquals(agents.length, 1);
  const [agent] = agents;
  await bus.find("its log", ({ json }) => json?.message === "busy");
  const unrelated = new Deno.Command("sleep", { args: ["60"] }).spawn();
  try {
    await node.end("SIGKILL");
    // Its number may be somebody else's by the next start.
    const notes = `${node.stateDir}/agentflow_test-node.registry/processes`;
    await Deno.copyFile(`${notes}/${agent?.pid}`, `${notes}/${unrelated.pid}`);
    await using again = await NodeProcess.start({ port: broker.port, env, stateDir: node.stateDir });
    await again.logged(
      /WARNING Ended a process that an earlier run of this node had left behind: without perl/,
    );
    assertEquals(await thoseLeft(agents, PATIENCE_MS), []);
    unrelated.kill("SIGTERM");
    assertEquals((await unrelated.status).signal, "SIGTERM");
  } finally {
    for (const { pid } of agents) kill(pid);
  }
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

function kill(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch {
    // It has ended, as it should.
  }
}
