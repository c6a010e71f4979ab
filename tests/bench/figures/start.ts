/** How long a node takes from the start of its process to its first sign of life. */
import type { Figure } from "../figure.ts";
import { result } from "../report.ts";

const WARM_UP = 1;

export const start: Figure = {
  name: "start",
  method:
    "from the start of `deno run -A runner/main.ts` to the arrival of the first heartbeat of the node; " +
    "Deno's cache and the work folder are those of an earlier start",
  async run(rig, quick) {
    const bus = await rig.bus("nodes/+/heartbeat");
    const stateDir = await rig.folder();
    const samples: number[] = [];
    for (let n = 0; n < WARM_UP + (quick ? 3 : 20); n++) {
      const from = bus.mark();
      const startMs = performance.now();
      const node = await rig.node({ stateDir });
      const first = await bus.on(`nodes/${node.name}/heartbeat`, undefined, from);
      if (n >= WARM_UP) samples.push(first.atMs - startMs);
      await node.end();
    }
    return [result("node start → first heartbeat", "ms", samples, { atMost: 250 })];
  },
};
