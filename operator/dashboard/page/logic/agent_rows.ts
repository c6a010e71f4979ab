/** Chooses the agents that the list shows, their order and headings. Pure. */
import type { AgentDto, NodeDto } from "../../wire.ts";
import { fitsLabels, labelFilter } from "./bulk.ts";
import { AGENT_STATES, type AgentState, agentState } from "./states.ts";

const SORT_KEYS = ["name", "state", "node", "restarts", "cpu", "memory", "uptime"] as const;
export type SortKey = typeof SORT_KEYS[number];

export interface ListOptions {
  readonly text: string;
  /** Labels of nodes, such as `room=kitchen,!beta`. */
  readonly labels: string;
  /** Empty: all states. */
  readonly states: ReadonlySet<AgentState>;
  readonly grouped: boolean;
  readonly sort: SortKey;
  readonly descending: boolean;
  /** Nodes whose agents are collapsed. */
  readonly folded: ReadonlySet<string>;
}

export interface AgentRow {
  readonly kind: "agent";
  readonly key: string;
  readonly agent: AgentDto;
  readonly state: AgentState;
}

export interface GroupRow {
  readonly kind: "group";
  readonly key: string;
  readonly name: string;
  /** Undefined for a node that is known only from its agents. */
  readonly node: NodeDto | undefined;
  readonly count: number;
  readonly folded: boolean;
}

export type Row = AgentRow | GroupRow;

const NOWHERE = "no node";

/** @param now epoch seconds */
export function rowsOf(
  agents: Iterable<AgentDto>,
  nodes: ReadonlyMap<string, NodeDto>,
  options: ListOptions,
  now: number,
): Row[] {
  const part = options.text.trim().toLowerCase();
  const labels = labelFilter(options.labels);
  const rows: AgentRow[] = [];
  for (const agent of agents) {
    if (!fitsLabels(labels, agent, nodes)) continue;
    const state = agentState(agent, nodes.get(agent.node ?? ""), now);
    if (options.states.size > 0 && !options.states.has(state)) continue;
    if (part !== "" && !haystack(agent).includes(part)) continue;
    rows.push({ kind: "agent", key: agent.actor_id, agent, state });
  }
  rows.sort(comparison(options));
  return options.grouped ? grouped(rows, nodes, options) : rows;
}

/** Reads the options from the URL's query; the inverse of `queryOf`. */
export function optionsIn(query: URLSearchParams, folded: ReadonlySet<string>): ListOptions {
  const states = query.get("state")?.split(",") ?? [];
  return {
    text: query.get("q") ?? "",
    labels: query.get("labels") ?? "",
    states: new Set(AGENT_STATES.filter((state) => states.includes(state))),
    grouped: query.get("arrange") !== "flat",
    sort: SORT_KEYS.find((key) => key === query.get("sort")) ?? "name",
    descending: query.get("order") === "desc",
    folded,
  };
}

/** Writes the options as query fields of the URL; defaults are empty, so they are left out. */
export function queryOf(
  { text, labels, states, grouped, sort, descending }: ListOptions,
): Readonly<Record<string, string>> {
  return {
    q: text,
    labels,
    state: [...states].join(","),
    arrange: grouped ? "" : "flat",
    sort: sort === "name" ? "" : sort,
    order: descending ? "desc" : "",
  };
}

/** Updates the rows' data but keeps their order. */
export function heldRows(
  rows: readonly Row[],
  agents: ReadonlyMap<string, AgentDto>,
  nodes: ReadonlyMap<string, NodeDto>,
  now: number,
): Row[] {
  return rows.map((row): Row => {
    if (row.kind === "group") return { ...row, node: nodes.get(row.name) };
    const agent = agents.get(row.key) ?? row.agent;
    return { ...row, agent, state: agentState(agent, nodes.get(agent.node ?? ""), now) };
  });
}

/** How many agents are in each state. */
export function countStates(
  agents: Iterable<AgentDto>,
  nodes: ReadonlyMap<string, NodeDto>,
  now: number,
): ReadonlyMap<AgentState, number> {
  const counts = new Map<AgentState, number>();
  for (const agent of agents) {
    const state = agentState(agent, nodes.get(agent.node ?? ""), now);
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return counts;
}

function haystack({ name, node, task, description }: AgentDto): string {
  return `${name} ${node ?? ""} ${task ?? ""} ${description}`.toLowerCase();
}

function comparison({ sort, descending }: ListOptions): (a: AgentRow, b: AgentRow) => number {
  const sign = descending ? -1 : 1;
  const byName = (a: AgentRow, b: AgentRow) => compare(a.agent.name, b.agent.name);
  return (a, b) => sign * compare(keyOf(a, sort), keyOf(b, sort)) || byName(a, b);
}

function keyOf({ agent, state }: AgentRow, sort: SortKey): string | number {
  switch (sort) {
    case "name":
      return agent.name;
    case "state":
      return AGENT_STATES.indexOf(state);
    case "node":
      return agent.node ?? "";
    case "restarts":
      return agent.restarts;
    case "cpu":
      return agent.cpu ?? -1;
    case "memory":
      return agent.memory_mb ?? -1;
    case "uptime":
      return agent.uptime ?? -1;
    default:
      return sort satisfies never;
  }
}

function compare(a: string | number, b: string | number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Nodes by name, including those without agents: an agent can be moved there. */
function grouped(
  rows: readonly AgentRow[],
  nodes: ReadonlyMap<string, NodeDto>,
  { text, labels, states, folded }: ListOptions,
): Row[] {
  const groups = new Map<string, AgentRow[]>();
  const isFiltered = text.trim() !== "" || labels.trim() !== "" || states.size > 0;
  if (!isFiltered) { for (const name of nodes.keys()) groups.set(name, []); }
  for (const row of rows) {
    const name = row.agent.node ?? NOWHERE;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [row]);
    else group.push(row);
  }
  return [...groups].sort(([a], [b]) => compare(a, b)).flatMap(([name, members]): Row[] => {
    const isFolded = folded.has(name);
    const heading: GroupRow = {
      kind: "group",
      key: `node:${name}`,
      name,
      node: nodes.get(name),
      count: members.length,
      folded: isFolded,
    };
    return isFolded ? [heading] : [heading, ...members];
  });
}
