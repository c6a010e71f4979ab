/** What a node costs with so many agents. */
import { agentPids } from "../agent_pids.ts";
import { pssMib } from "../machine.ts";
import type { Rig } from "../rig.ts";
import { percentile } from "../stats.ts";
import type { Cost } from "./cost.ts";
import { agentCode, controlBus, cpuPercent, hear, listMs, throughput } from "./load.ts";

/** @param wrapper a command in front of the node's own */
export async function agentsCost(rig: Rig, agents: number, wrapper: readonly string[]): Promise<Cost> {
  const bus = await controlBus(rig);
  const node = await rig.node({ wrapper });
  await bus.on(`nodes/${node.name}/heartbeat`);
  const names = Array.from({ length: agents }, (_, index) => `grown-${index}`);
  const heard = await hear(rig, names);
  const sentMs = performance.now();
  for (const name of names) {
    const config = { name, node: node.name, code: agentCode, poll_interval: 1 };
    await bus.publish(`nodes/${node.name}/spawn`, config, { retain: true });
  }
  await heard.all;
  const startSeconds = (performance.now() - sentMs) / 1000;
  const pids = await agentPids(bus, node);
  return {
    count: agents,
    startSeconds,
    cpuPercent: await cpuPercent([node.pid]),
    memoryMib: await pssMib(node.pid),
    eachMib: percentile(await Promise.all(pids.map(pssMib)), 50),
    listMs: await listMs(bus, `nodes/${node.name}/list`, [node.name]),
    messagesPerSecond: await throughput(rig, names),
  };
}
