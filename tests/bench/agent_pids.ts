/** The processes of a node's agents. */
import type { Bus } from "../support/bus.ts";
import type { NodeProcess } from "../support/node_process.ts";

/** Their process ids, as the node lists them. */
export async function agentPids(bus: Bus, node: NodeProcess): Promise<number[]> {
  const from = bus.mark();
  await bus.publish(`nodes/${node.name}/list`, {});
  const { json } = await bus.on(`nodes/${node.name}/agents`, undefined, from);
  return json.agents.map((agent: { pid: number }) => agent.pid);
}
