/** Chooses the nodes that the table shows, and their order. Pure. */
import type { AgentDto, NodeDto } from "../../wire.ts";
import { countStates } from "./agent_rows.ts";
import { type NodeState, nodeState } from "./states.ts";

const SORT_KEYS = [
  "name",
  "state",
  "agents",
  "trouble",
  "cpu",
  "memory",
  "queue",
  "uptime",
  "version",
] as const;
export type NodeSortKey = typeof SORT_KEYS[number];
/** Most urgent first. */
const STATES: readonly NodeState[] = ["offline", "stale", "online"];

export interface NodeOptions {
  /** Words to find in a node's name, version or labels, such as `room=kitchen`; all must match. */
  readonly text: string;
  readonly sort: NodeSortKey;
  readonly descending: boolean;
}

export interface NodeRow {
  readonly node: NodeDto;
  readonly state: NodeState;
  readonly agents: number;
  /** Agents that have failed, are restarting or do not respond. */
  readonly troubled: number;
}

export function nodeOptionsIn(query: URLSearchParams): NodeOptions {
  return {
    text: query.get("q") ?? "",
    sort: SORT_KEYS.find((key) => key === query.get("sort")) ?? "name",
    descending: query.get("order") === "desc",
  };
}

/** @param now the time up to which this page received updates, epoch seconds */
export function nodeRowsOf(
  nodes: ReadonlyMap<string, NodeDto>,
  agents: Iterable<AgentDto>,
  { text, sort, descending }: NodeOptions,
  now: number,
): NodeRow[] {
  const byNode = Map.groupBy(agents, ({ node }) => node);
  const parts = text.toLowerCase().split(/\s+/).filter((part) => part !== "");
  const sign = descending ? -1 : 1;
  return [...nodes.values()]
    .filter((node) => parts.every((part) => haystack(node).includes(part)))
    .map((node): NodeRow => {
      const its = byNode.get(node.name) ?? [];
      const states = countStates(its, nodes, now);
      const troubled = ["failed", "restarting", "unresponsive"] as const;
      return {
        node,
        state: nodeState(node, now),
        agents: its.length,
        troubled: troubled.reduce((sum, state) => sum + (states.get(state) ?? 0), 0),
      };
    })
    .sort((a, b) => sign * compare(keyOf(a, sort), keyOf(b, sort)) || compare(a.node.name, b.node.name));
}

function haystack({ name, version, runtime, labels }: NodeDto): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return [name, version ?? "", runtime ?? "", ...pairs].join(" ").toLowerCase();
}

function keyOf({ node, state, agents, troubled }: NodeRow, sort: NodeSortKey): string | number {
  switch (sort) {
    case "name":
      return node.name;
    case "state":
      return STATES.indexOf(state);
    case "agents":
      return agents;
    case "trouble":
      return troubled;
    case "cpu":
      return node.cpu ?? -1;
    case "memory":
      return node.memory_mb ?? -1;
    case "queue":
      return node.queue ?? -1;
    case "uptime":
      return node.uptime ?? -1;
    case "version":
      return node.version ?? "";
    default:
      return sort satisfies never;
  }
}

function compare(a: string | number, b: string | number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
