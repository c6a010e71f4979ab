/** What of this project stands beside others: each returned function measures once. */
import { agentPids } from "../agent_pids.ts";
import { heartbeat } from "../figure.ts";
import { TALKER } from "../figures/throughput.ts";
import type { Rig } from "../rig.ts";
import type { Sample } from "./contest.ts";
import type { Talker } from "./talker.ts";

/** One agent of a node. */
export async function talker(rig: Rig): Promise<Talker> {
  const bus = await rig.bus("agents/+/heartbeat");
  const node = await rig.node({ name: "ours" });
  const nodes = await rig.bus("nodes/+/+");
  await nodes.on(`nodes/${node.name}/heartbeat`);
  await node.spawn(bus, { name: "talker", code: TALKER });
  const pids = [node.pid, ...await agentPids(nodes, node)];
  return { pids, ask: (payload) => bus.publish("agents/by-name/talker/task", { payload }) };
}

/** Milliseconds from a spawn to the first `running` heartbeat. */
export async function spawn(rig: Rig): Promise<Sample> {
  const bus = await rig.bus("#");
  const node = await rig.node({ name: "ours" });
  await bus.on(`nodes/${node.name}/heartbeat`);
  return async () => {
    bus.forget();
    const startMs = performance.now();
    await bus.publish(`nodes/${node.name}/spawn`, { name: "quick", code: "function setup() {}" });
    const { atMs } = await heartbeat(bus, "quick", "running", 0);
    await bus.publish(`nodes/${node.name}/stop`, { name: "quick" });
    await heartbeat(bus, "quick", "stopped", 0);
    return atMs - startMs;
  };
}

/** Milliseconds from the start of a node's process to its first heartbeat. */
export async function start(rig: Rig): Promise<Sample> {
  const bus = await rig.bus("nodes/+/heartbeat");
  const stateDir = await rig.folder();
  return async () => {
    const from = bus.mark();
    const startMs = performance.now();
    await using node = await rig.node({ name: "ours", stateDir });
    const { atMs } = await bus.on(`nodes/${node.name}/heartbeat`, undefined, from);
    return atMs - startMs;
  };
}
