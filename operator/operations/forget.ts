/** Removes a node's retained messages from the broker, for a node that will not return. */
import { DIRECT_COMMANDS, mayBeKept } from "../../protocol/commands.ts";
import { discoveryTopic } from "../../protocol/home_assistant.ts";
import { nodeId } from "../../protocol/ids.ts";
import { topics } from "../../protocol/topics.ts";
import { hasEnded, stateOf } from "../fleet/views.ts";
import { OperationError, type Operator } from "../operator.ts";
import { nodeNamed } from "./find.ts";
import { hearsItself } from "./survey.ts";

/**
 * @returns the agents that are forgotten with the node
 * @throws OperationError if the node is unknown, or not off: it would publish everything again
 */
export async function forgetNode({ bus, fleet }: Operator, name: string): Promise<readonly string[]> {
  const node = nodeNamed(fleet, name);
  if (stateOf(node, Date.now()) === "online") {
    throw new OperationError(
      `Node '${name}' is online, and would be back at once: end it first: agentflow stop-all ${name}`,
    );
  }
  // Skip agents that run elsewhere now: their manifest names the other node.
  const own = fleet.agents.filter(({ actorId, node: of, manifest }) =>
    of === name && manifest?.node === name &&
    !fleet.instances(actorId).some((other) => other.node !== name && !hasEnded(other))
  );
  const kept = [
    ...DIRECT_COMMANDS.filter(mayBeKept).map((command) => topics.node(name, command)),
    ...await keptAt({ bus }, [
      topics.nodeGeneration(name, "+"),
      // Prefixes of one level and of two.
      ...["+", "+/+"].map((prefix) => discoveryTopic(prefix, nodeId(name))),
      ...own.flatMap(({ actorId }) => [topics.reading(actorId, "+"), topics.switchState(actorId, "+")]),
    ]),
    ...own.map(({ actorId }) => topics.agent(actorId, "manifest")),
    topics.nodeDevices(name),
    // Last, so that the node stays known and an interrupted `forget` can be repeated.
    topics.nodeStatus(name),
  ];
  for (const topic of kept) await bus.publish(topic, "", { retain: true });
  fleet.forgetNode(name);
  return own.map((agent) => agent.name);
}

/** The topics with retained messages. */
async function keptAt(
  { bus }: Pick<Operator, "bus">,
  filters: readonly string[],
): Promise<readonly string[]> {
  const kept = new Set<string>();
  using _subscriptions = await bus.subscribeAll(filters.map((filter) => ({
    filter,
    handler: ({ topic, payload }) => {
      if (payload.length > 0) kept.add(topic);
    },
  })));
  await hearsItself({ bus });
  return [...kept];
}
