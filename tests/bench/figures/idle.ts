/** What a node costs that has nothing to do. */
import type { Figure } from "../figure.ts";
import { result } from "../report.ts";
import { cpuSeconds } from "../usage.ts";

const AGENTS = 50;

/** Since the process began: seconds on a processor of all its threads, and how often its main thread went to sleep. */
async function readUsage(pid: number): Promise<{ readonly cpuSeconds: number; readonly sleeps: number }> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  const sleeps = Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(status)?.[1]);
  return { cpuSeconds: await cpuSeconds(pid), sleeps };
}

export const idle: Figure = {
  name: "idle",
  method: `a node with ${AGENTS} agents that only have setup(), 20 seconds after the last was spawned; ` +
    "processor time of all threads of the node (not of its agents), and wake-ups of its main thread",
  async run(rig, quick) {
    const bus = await rig.bus("agents/+/heartbeat");
    const nodes = await rig.bus("nodes/+/heartbeat");
    const node = await rig.node();
    await nodes.on(`nodes/${node.name}/heartbeat`);
    const agents = quick ? 2 : AGENTS;
    for (let n = 0; n < agents; n++) {
      await node.spawn(bus, { name: `idle-${n}`, code: "function setup() {}" });
    }
    const pause = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    const [settleSeconds, spanSeconds] = quick ? [1, 2] : [20, 10];
    await pause(settleSeconds);
    const [cpu, wakes]: [number[], number[]] = [[], []];
    for (let n = 0; n < (quick ? 1 : 6); n++) {
      const before = await readUsage(node.pid);
      await pause(spanSeconds);
      const after = await readUsage(node.pid);
      cpu.push((after.cpuSeconds - before.cpuSeconds) / spanSeconds * 100);
      wakes.push((after.sleeps - before.sleeps) / spanSeconds);
    }
    return [
      result(`idle node with ${agents} agents: processor`, "% of a core", cpu, { atMost: 0.5 }),
      result("  wake-ups", "1/s", wakes, { atMost: 15 }),
    ];
  },
};
