/** What a node and its idle agents hold in memory. */
import { agentPids } from "../agent_pids.ts";
import type { Figure } from "../figure.ts";
import { pssMib } from "../machine.ts";
import { result } from "../report.ts";

const SETTLE_MS = 3000;
const CODE = `async function setup(agent) { await agent.log("ready"); }\nfunction process() {}`;

export const memory: Figure = {
  name: "memory",
  method:
    `Pss of /proc/PID/smaps_rollup, ${
      SETTLE_MS / 1000
    } s after the last of so many agents has started; each ` +
    "has a setup() that logs, and a process() that is not due again. Pages that processes share (Deno's own) are " +
    "divided among all that map them, the bench itself included",
  async run(rig, quick) {
    const bus = await rig.bus("#");
    const node = await rig.node();
    await bus.on(`nodes/${node.name}/heartbeat`);
    const results = [];
    let spawned = 0;
    for (const count of quick ? [1, 3] : [1, 10, 50]) {
      for (; spawned < count; spawned++) {
        await node.spawn(bus, { name: `idle-${spawned}`, code: CODE, poll_interval: 3600 });
      }
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      const agents = await Promise.all((await agentPids(bus, node)).map(pssMib));
      const runner = [await pssMib(node.pid)];
      results.push(
        result(
          `PSS of the runner, idle agents: ${count}`,
          "MiB",
          runner,
          count === 50 ? { atMost: 60 } : undefined,
        ),
        result(`PSS per agent, idle agents: ${count}`, "MiB", agents, { atMost: 12 }),
      );
    }
    return results;
  },
};
