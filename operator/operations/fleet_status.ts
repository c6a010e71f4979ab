/** Determines how far each node of a fleet has applied its generation, and where it has drifted from it. */
import { isJsonObject, type JsonObject } from "../../protocol/json.ts";
import { changedFields } from "../../protocol/spawn_changes.ts";
import type { Generation } from "../../protocol/generations.ts";
import { type NodeStatus, nodeStatus } from "../fleet/node_status.ts";
import { stateOf } from "../fleet/views.ts";
import type { Operator } from "../operator.ts";
import { actualNodes, withConfigs } from "./apply.ts";
import { FleetHead } from "./claim.ts";
import { FleetBoard } from "./fleet_board.ts";
import type { ActualNode, Wanted } from "./plan.ts";
import type { Config } from "./spawn.ts";

/** An agent that differs from its generation. */
export interface Drift {
  readonly agent: string;
  /** `stopped`, or the fields that differ. */
  readonly how: string;
}

export interface NodeProgress {
  readonly node: string;
  readonly generation: Generation;
  readonly status: NodeStatus;
  /** Only for a node that has applied its generation. */
  readonly drift: readonly Drift[];
}

export interface FleetStatus {
  readonly fleet: string;
  readonly head: Generation | undefined;
  readonly nodes: readonly NodeProgress[];
  /** What should run where, to apply it again. */
  readonly wanted: readonly Wanted[];
}

/** Requires that the fleet has been surveyed. */
export async function fleetStatus(operator: Operator, fleet: string): Promise<FleetStatus> {
  using head = await FleetHead.open(operator, fleet);
  using board = await FleetBoard.open(operator, fleet);
  const desired = [...board.desired].toSorted(([a], [b]) => a.localeCompare(b));
  const names = new Set(desired.flatMap(([, { agents }]) => agents.map(({ name }) => String(name))));
  const actual = new Map(
    (await withConfigs(operator, actualNodes(operator), names)).map((node) => [node.name, node]),
  );
  const nodes = desired.map(([node, { generation, agents }]): NodeProgress => {
    const view = operator.fleet.node(node);
    const isOnline = view !== undefined && stateOf(view, Date.now()) !== "offline";
    const status = nodeStatus(generation.tag, board.reports.get(node), isOnline);
    return {
      node,
      generation,
      status,
      drift: status.kind === "done" ? driftOf(agents, actual.get(node)) : [],
    };
  });
  return { fleet, head: await head.current(), nodes, wanted: wantedNow(board) };
}

/** What should run where, by the nodes' desired states. */
export function wantedNow({ desired }: FleetBoard): readonly Wanted[] {
  return [...desired].toSorted(([a], [b]) => a.localeCompare(b)).flatMap(([node, { agents, windows }]) =>
    agents.map((given) => {
      const config = withoutDelivery(given) as Config;
      const window = windows.get(config.name);
      return { node, config, ...(window === undefined ? {} : { window }) };
    })
  );
}

/** @param node if `undefined` or off, drift cannot be determined */
export function driftOf(agents: readonly JsonObject[], node: ActualNode | undefined): readonly Drift[] {
  if (node?.isOnline !== true) return [];
  return agents.flatMap((wanted): Drift[] => {
    const agent = String(wanted.name);
    if (!node.agents.has(agent)) return [{ agent, how: "stopped" }];
    const config = node.agents.get(agent);
    const changes = isJsonObject(config) ? changedFields(config, wanted) : [];
    return changes.length === 0 ? [] : [{ agent, how: `differs in ${changes.join(", ")}` }];
  });
}

/** The config without what delivery adds. */
export function withoutDelivery({ node: _node, epoch: _epoch, _jws, ...config }: JsonObject): JsonObject {
  return config;
}
