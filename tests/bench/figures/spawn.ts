/** How long an agent takes from the spawn to its first signs of life. */
import { type Figure, heartbeat } from "../figure.ts";
import { result } from "../report.ts";

const WARM_UP = 3;

export const spawn: Figure = {
  name: "spawn",
  method:
    "one spawn after the other on a node without other agents; from the publish of nodes/{name}/spawn to " +
    "the arrival of the first `running` heartbeat, and of a message that setup() publishes, at the same client",
  async run(rig, quick) {
    const bus = await rig.bus("#");
    const node = await rig.node();
    await bus.on(`nodes/${node.name}/heartbeat`);
    const running: number[] = [];
    const setup: number[] = [];
    for (let n = 0; n < WARM_UP + (quick ? 5 : 40); n++) {
      const name = `bench-${n}`;
      const code = `async function setup(agent) { await agent.publish("bench/setup/${name}", "here"); }`;
      const from = bus.mark();
      const startMs = performance.now();
      await bus.publish(`nodes/${node.name}/spawn`, { name, code });
      const first = await heartbeat(bus, name, "running", from);
      const said = await bus.on(`bench/setup/${name}`, undefined, from);
      if (n >= WARM_UP) {
        running.push(first.atMs - startMs);
        setup.push(said.atMs - startMs);
      }
      await bus.publish(`nodes/${node.name}/stop`, { name });
      await heartbeat(bus, name, "stopped", from);
    }
    return [
      result("spawn → first `running` heartbeat", "ms", running, { atMost: 45 }),
      result("spawn → first message of setup()", "ms", setup),
    ];
  },
};
