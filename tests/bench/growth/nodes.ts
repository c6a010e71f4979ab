/** What so many nodes cost on one machine and one broker, each with an agent. */
import { agentPids } from "../agent_pids.ts";
import { pssMib } from "../machine.ts";
import type { Rig } from "../rig.ts";
import { percentile } from "../stats.ts";
import type { Cost } from "./cost.ts";
import { agentCode, controlBus, cpuPercent, hear, listMs, throughput } from "./load.ts";

/** So many start at once: a hundred that start together on two cores would wait for each other only. */
const AT_ONCE = 4;

export async function nodesCost(rig: Rig, count: number): Promise<Cost> {
  const bus = await controlBus(rig);
  const names = Array.from({ length: count }, (_, index) => `grown-${index}`);
  const heard = await hear(rig, names);
  const sentMs = performance.now();
  // A node that starts finds the command that the broker keeps for it.
  for (const name of names) {
    await bus.publish(`nodes/${name}/spawn`, { name, node: name, code: agentCode, poll_interval: 1 }, {
      retain: true,
    });
  }
  const nodes = [];
  for (let at = 0; at < count; at += AT_ONCE) {
    nodes.push(...await Promise.all(names.slice(at, at + AT_ONCE).map((name) => rig.node({ name }))));
    for (const name of names.slice(at, at + AT_ONCE)) await bus.on(`nodes/${name}/heartbeat`);
  }
  await heard.all;
  const startSeconds = (performance.now() - sentMs) / 1000;
  const pids = nodes.map(({ pid }) => pid);
  const agents = [];
  for (const node of nodes) agents.push(...await agentPids(bus, node));
  const memory = await Promise.all(pids.map(pssMib));
  return {
    count,
    startSeconds,
    cpuPercent: await cpuPercent(pids),
    memoryMib: memory.reduce((sum, each) => sum + each, 0),
    eachMib: percentile(await Promise.all(agents.map(pssMib)), 50),
    listMs: await listMs(bus, "nodes/all/list", names),
    messagesPerSecond: await throughput(rig, names),
  };
}
