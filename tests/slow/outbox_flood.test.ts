/** An agent that floods while the broker is away: the outbox stays as small as it was told to. */
import { assert, assertEquals } from "@std/assert";
import { MOSQUITTO, Mosquitto } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { NodeProcess } from "../support/node_process.ts";
import { needing } from "../support/programs.ts";

async function residentMiB(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

async function untilItHolds(path: string, text: string): Promise<void> {
  for (let attempt = 0; attempt < 3000; attempt++) {
    // Not there yet, perhaps.
    if ((await Deno.readTextFile(path).catch(() => "")).includes(text)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`${path} does not hold ${text} after a minute`);
}

Deno.test(
  needing(MOSQUITTO, "the runner's memory is bounded while the broker is away and an agent floods"),
  async () => {
    await using broker = await Mosquitto.start();
    await using bus = await Bus.connect(broker.port);
    await using node = await NodeProcess.start({ port: broker.port, args: ["--outbox-mb", "8"] });
    await bus.on(`nodes/${node.name}/heartbeat`);
    const code = `async function setup(agent) {
    await agent.publish("ready", 1);
    const text = "x".repeat(10000);
    for (let n = 0; ; n++) { await agent.publish("flood", text); if (n === 20000) agent.persist("n", n); }
  }`;
    await bus.publish(`nodes/${node.name}/spawn`, { name: "flooder", code });
    await bus.on("ready");
    const before = await residentMiB(node.pid);
    await broker.kill();
    // 200 MB have gone into an outbox of 8.
    await untilItHolds(`${node.stateDir}/agentflow_flooder_state.json`, '"n"');
    const grown = await residentMiB(node.pid) - before;
    assert(grown < 200, `the runner grew by ${grown} MiB`);
    await broker.restart();
    await using after = await Bus.connect(broker.port, "nodes/#");
    const { json } = await after.on(`nodes/${node.name}/heartbeat`);
    assert(json.dropped > 0, "what was lost is not counted");
    assertEquals(
      (await after.ask(`nodes/${node.name}/stop`, { name: "flooder" }).catch(() => undefined))?.json.ok ??
        true,
      true,
    );
  },
);
