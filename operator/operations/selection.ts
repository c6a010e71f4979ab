/** Selects agents and nodes by name, node or label. Pure. */
import { globMatches } from "../../protocol/patterns.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { type Selector, selects } from "../fleet/selector.ts";
import type { NodeView } from "../fleet/views.ts";
import { OperationError } from "../operator.ts";
import { locate, type Located, located, nodeNamed } from "./find.ts";

export interface NodeSelection {
  readonly node?: string | undefined;
  readonly labels?: Selector | undefined;
}

export interface AgentSelection extends NodeSelection {
  /** Names, or patterns with `*`; empty: all agents of the nodes. */
  readonly names: readonly string[];
}

/** Whether the selection restricts the nodes. */
export function isLimited({ node, labels }: NodeSelection): boolean {
  return node !== undefined || labels !== undefined;
}

/** @throws OperationError for an unknown node, or when no node has the labels */
export function selectNodes(fleet: Fleet, selection: NodeSelection): readonly NodeView[] {
  const { node, labels } = selection;
  const nodes = node === undefined ? fleet.nodes : [nodeNamed(fleet, node)];
  const chosen = labels === undefined ? nodes : nodes.filter((each) => selects(labels, each.labels));
  if (chosen.length > 0 || !isLimited(selection)) return chosen;
  throw new OperationError("No node has these labels: agentflow nodes shows those there are");
}

/**
 * The nodes with these names, or all that are online; of these, only those with the labels.
 * @throws OperationError for an unknown node, or when no node has the labels
 */
export function selectByName(
  fleet: Fleet,
  names: readonly string[],
  labels: Selector | undefined,
): readonly NodeView[] {
  const chosen = names.length > 0
    ? names.flatMap((node) => selectNodes(fleet, { node, labels }))
    : selectNodes(fleet, { labels }).filter(({ isOnline }) => isOnline);
  return [...new Set(chosen)];
}

/** Names of the selected nodes; `undefined` if the selection does not restrict them. @throws as `selectNodes` */
export function selectedNames(fleet: Fleet, selection: NodeSelection): ReadonlySet<string> | undefined {
  return isLimited(selection) ? new Set(selectNodes(fleet, selection).map(({ name }) => name)) : undefined;
}

/**
 * The selected agents, to give them a task: tasks are addressed to a name.
 * @throws as `selectAgents`; OperationError if two nodes run one of that name: both would get the task
 */
export function taskTargets(fleet: Fleet, selection: AgentSelection): readonly Located[] {
  const chosen = selectAgents(fleet, selection);
  for (const { name } of chosen) {
    const nodes = located(fleet).filter((each) => each.name === name).map(({ node }) => node).sort();
    if (nodes.length === 1) continue;
    throw new OperationError(
      `Agent '${name}' runs on ${nodes.join(" and ")}, and each of them would get the task: ` +
        `stop one of them: agentflow stop ${name} --node ${nodes[0]}`,
    );
  }
  return chosen;
}

/**
 * @returns each selected agent once, in the order of the names
 * @throws OperationError if a name matches no agent, or several nodes run it and none is named
 */
export function selectAgents(fleet: Fleet, selection: AgentSelection): readonly Located[] {
  const { names, node } = selection;
  const nodes = new Set(selectNodes(fleet, selection).map(({ name }) => name));
  const all = located(fleet).filter((each) => !isLimited(selection) || nodes.has(each.node));
  const chosen = names.length === 0 ? all : names.flatMap((name) => {
    const fitting = all.filter((each) => globMatches(name, each.name));
    if (fitting.length > 0 && (name.includes("*") || isLimited(selection))) return fitting;
    if (!name.includes("*") && selection.labels === undefined) return [locate(fleet, name, node)];
    throw new OperationError(`No agent '${name}' runs there`);
  });
  if (chosen.length === 0) throw new OperationError("No agent runs there");
  return [...new Map(chosen.map((place) => [`${place.node}/${place.name}`, place])).values()];
}
