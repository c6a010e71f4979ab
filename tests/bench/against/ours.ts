/** What of this project stands beside others: each returned function measures once. */
import { heartbeat } from "../figure.ts";
import { TALKER } from "../figures/throughput.ts";
import type { Rig } from "../rig.ts";
import type { Sample } from "./contest.ts";
import { countedRate } from "./counted_rate.ts";

/** Messages a second from the loop of one agent to a subscriber. */
export async function throughput(rig: Rig, messages: number): Promise<Sample> {
  const bus = await rig.bus("agents/+/heartbeat");
  const node = await rig.node({ name: "ours" });
  const nodes = await rig.bus("nodes/+/heartbeat");
  await nodes.on(`nodes/${node.name}/heartbeat`);
  await node.spawn(bus, { name: "talker", code: TALKER });
  return countedRate(rig, messages, (payload) => bus.publish("agents/by-name/talker/task", { payload }));
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
