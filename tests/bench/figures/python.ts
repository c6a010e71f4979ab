/** How long an agent in Python takes to start, and what it holds in memory. */
import { agentPids } from "../agent_pids.ts";
import { type Figure, heartbeat } from "../figure.ts";
import { pssMib } from "../machine.ts";
import { result } from "../report.ts";

const SETTLE_MS = 3000;
/** A machine that fetches and translates everything for the first time. */
const PATIENCE_MS = 240_000;
const codeOf = (name: string) =>
  `async def setup(agent):\n    await agent.publish("bench/python/${name}", "here")\n\nasync def process(agent):\n    pass\n`;

export const python: Figure = {
  name: "python",
  method:
    "cold: the first agent in Python of a node whose work folder is empty, which fetches the interpreter from the npm " +
    "registry and makes its snapshot; warm: the ones after it, one after the other. From the publish of " +
    "nodes/{name}/spawn to a message that setup() publishes. PSS as of the figure memory, with a process() that is " +
    "not due again",
  async run(rig, quick) {
    const bus = await rig.bus("#");
    const workDir = await rig.folder();
    const node = await rig.node({ args: ["--work-dir", workDir] });
    await bus.on(`nodes/${node.name}/heartbeat`);
    const start = async (name: string) => {
      const from = bus.mark();
      const startMs = performance.now();
      await bus.publish(`nodes/${node.name}/spawn`, { name, code: codeOf(name), poll_interval: 3600 });
      const said = await bus.find(name, ({ topic }) => topic === `bench/python/${name}`, from, PATIENCE_MS);
      return said.atMs - startMs;
    };
    const cold = [await start("cold")];
    const warm: number[] = [];
    for (let n = 0; n < (quick ? 2 : 15); n++) {
      warm.push(await start(`warm-${n}`));
      const from = bus.mark();
      await bus.publish(`nodes/${node.name}/stop`, { name: `warm-${n}` });
      await heartbeat(bus, `warm-${n}`, "stopped", from);
    }
    const results = [
      result("spawn → first message of setup(), Python, cold", "ms", cold),
      result("spawn → first message of setup(), Python, warm", "ms", warm, { atMost: 1000 }),
    ];
    let spawned = 1;
    for (const count of quick ? [1] : [1, 10]) {
      for (; spawned < count; spawned++) await start(`idle-${spawned}`);
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      const agents = await Promise.all((await agentPids(bus, node)).map(pssMib));
      results.push(result(`PSS per agent in Python, idle agents: ${count}`, "MiB", agents, { atMost: 90 }));
    }
    return results;
  },
};
