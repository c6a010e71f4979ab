/** Finds likely mistakes in a fleet file: unknown nodes, and labels that no node has. Pure. */
import type { FleetEntry } from "../fleet/fleet_file.ts";
import { likelyMeant } from "../../protocol/spelling.ts";
import { riskOf } from "./risk.ts";
import { type ActualNode, hasAll, type Step } from "./plan.ts";

/** @returns one sentence per mistake, in the file's order */
export function targetWarnings(
  entries: readonly FleetEntry[],
  nodes: readonly ActualNode[],
): readonly string[] {
  const names = nodes.map(({ name }) => name);
  const warnings = entries.flatMap(({ name, target }) =>
    target.kind === "labels"
      ? labelWarning(name, target.labels, nodes)
      : target.nodes.filter((node) => !names.includes(node)).map((node) => unseen(name, node, names))
  );
  const silent = nodes.filter(({ hasLabels }) => !hasLabels).map(({ name }) => name);
  if (silent.length > 0 && entries.some(({ target }) => target.kind === "labels")) {
    warnings.push(
      `Entries with labels pass over ${silent.join(", ")}: ` +
        "what labels a node has is not known while it is off and its runner is of an earlier version",
    );
  }
  return [...new Set(warnings)];
}

/** Warns of agents that start although a node that is off has an agent of the same name. */
export function riskWarnings(steps: readonly Step[], nodes: readonly ActualNode[]): readonly string[] {
  return steps.flatMap(({ kind, agent, node }) =>
    kind !== "start" ? [] : nodes
      .filter((other) => !other.isOnline && other.name !== node && other.agents.has(agent))
      .map((other) => riskOf(agent, other.name))
  );
}

function unseen(agent: string, node: string, names: readonly string[]): string {
  return `'${agent}' is for node '${node}', and no node of this name has been seen${meant(node, names)}`;
}

function labelWarning(
  agent: string,
  wanted: Readonly<Record<string, string>>,
  nodes: readonly ActualNode[],
): string[] {
  if (nodes.some(({ labels }) => hasAll(labels, wanted))) return [];
  const all = nodes.flatMap(({ labels }) => Object.entries(labels));
  const missing = Object.entries(wanted).find(([key, value]) =>
    !all.some(([known, its]) => known === key && its === value)
  );
  if (missing === undefined) {
    return [`'${agent}' is for no node: none has all of ${listed(Object.entries(wanted))}`];
  }
  const [key] = missing;
  const near = all.some(([known]) => known === key)
    ? all.filter(([known]) => known === key).map(listedOne)
    : all.map(([known, value]) => listedOne([known, value])).filter((label) =>
      likelyMeant(key, [label.split("=")[0] ?? ""]) !== undefined
    );
  const there = [...new Set(near)].sort();
  const hint = there.length === 0 ? "" : `: there is ${there.slice(0, 5).join(", ")}`;
  return [`'${agent}' is for no node: none has the label ${listedOne(missing)}${hint}`];
}

function meant(name: string, names: readonly string[]): string {
  const near = likelyMeant(name, names);
  return near === undefined ? "" : `: did you mean '${near}'?`;
}

function listed(labels: readonly (readonly [string, string])[]): string {
  return labels.map(listedOne).join(", ");
}

function listedOne([key, value]: readonly [string, string]): string {
  return `${key}=${value}`;
}
