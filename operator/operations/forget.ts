/** Removes what the broker keeps of a node that will not come back. */
import { DIRECT_COMMANDS, mayBeKept } from "../../protocol/commands.ts";
import { topics } from "../../protocol/topics.ts";
import { hasEnded, stateOf } from "../fleet/views.ts";
import { OperationError, type Operator } from "../operator.ts";
import { nodeNamed } from "./find.ts";
import { hearsItself } from "./survey.ts";

/**
 * @returns the agents that are forgotten with it
 * @throws OperationError when the node is unknown, or not off: it would say all of it again
 */
export async function forgetNode({ bus, fleet }: Operator, name: string): Promise<readonly string[]> {
  const node = nodeNamed(fleet, name);
  if (stateOf(node, Date.now()) === "online") {
    throw new OperationError(
      `Node '${name}' is online, and would be back at once: end it first: agentflow stop-all ${name}`,
    );
  }
  // An agent that runs elsewhere now has said so itself: its manifest is that of the other node.
  const own = fleet.agents.filter(({ actorId, node: of, manifest }) =>
    of === name && manifest?.node === name &&
    !fleet.instances(actorId).some((other) => other.node !== name && !hasEnded(other))
  );
  const kept = [
    ...DIRECT_COMMANDS.filter(mayBeKept).map((command) => topics.node(name, command)),
    ...await keptGenerations({ bus }, name),
    ...own.map(({ actorId }) => topics.agent(actorId, "manifest")),
    topics.nodeDevices(name),
    // Last: while the status is there, the node can be forgotten again.
    topics.nodeStatus(name),
  ];
  for (const topic of kept) await bus.publish(topic, "", { retain: true });
  fleet.forgetNode(name);
  return own.map((agent) => agent.name);
}

/** The topics on which the node has told of generations. */
async function keptGenerations({ bus }: Pick<Operator, "bus">, node: string): Promise<readonly string[]> {
  const kept = new Set<string>();
  using _subscription = await bus.subscribe(topics.nodeGeneration(node, "+"), ({ topic, payload }) => {
    if (payload.length > 0) kept.add(topic);
  });
  await hearsItself({ bus });
  return [...kept];
}
