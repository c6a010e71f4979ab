/** Compares what should run with what does run, and plans the steps between them. Pure. */
import { type FleetEntry, languageOf } from "../fleet/fleet_file.ts";
import { ConfigError } from "../../protocol/config/config_error.ts";
import { isName, NAME_RULE } from "../../protocol/names.ts";
import { changedFields } from "../../protocol/spawn_changes.ts";
import { parseSpawnConfig } from "../../protocol/spawn_config.ts";
import type { Config } from "./spawn.ts";

/** The present state of a node. */
export interface ActualNode {
  readonly name: string;
  readonly isOnline: boolean;
  readonly labels: Readonly<Record<string, string>>;
  /** Whether its labels are known. */
  readonly hasLabels: boolean;
  /** The agents that run there, by name, each with its spawn config if the node disclosed it. */
  readonly agents: ReadonlyMap<string, Readonly<Record<string, unknown>> | undefined>;
}

/** An agent that should run on a node. */
export interface Wanted {
  readonly node: string;
  readonly config: Config;
  /** When it may be changed, as `parseWindow` reads it; absent: always. */
  readonly window?: string;
}

export type Step =
  | { readonly kind: "start"; readonly node: string; readonly agent: string; readonly config: Config }
  | {
    readonly kind: "replace";
    readonly node: string;
    readonly agent: string;
    readonly config: Config;
    readonly before: Readonly<Record<string, unknown>>;
    /** The fields that differ. */
    readonly changes: readonly string[];
  }
  /** It runs on the wrong node. */
  | { readonly kind: "move"; readonly node: string; readonly agent: string; readonly from: string }
  | { readonly kind: "stop"; readonly node: string; readonly agent: string }
  | { readonly kind: "keep"; readonly node: string; readonly agent: string }
  /** Not in the file; left alone unless `prune` is set. */
  | { readonly kind: "unlisted"; readonly node: string; readonly agent: string }
  /** The node is offline or unknown: nothing can be done now. */
  | { readonly kind: "blocked"; readonly node: string; readonly agent: string; readonly isUnknown: boolean };

/**
 * Determines which agent should run where.
 * @param codeOf returns the code of an entry's file
 * @throws ConfigError for an invalid entry
 */
export function wantedAgents(
  entries: readonly FleetEntry[],
  nodes: readonly ActualNode[],
  codeOf: (entry: FleetEntry) => string | undefined,
): readonly Wanted[] {
  const wanted = entries.flatMap((entry) => {
    const { target, name, fields, window } = entry;
    const targets = entry.failoverMs !== undefined && target.kind === "nodes"
      ? [homeAmong(target.nodes, name, nodes)]
      : target.kind === "nodes"
      ? target.nodes
      : nodes.filter(({ labels }) => hasAll(labels, target.labels)).map((node) => node.name);
    if (targets.length > 1 && !name.includes("{node}")) {
      throw new ConfigError(
        `'${name}' is for ${targets.length} nodes (${
          targets.join(", ")
        }), and an agent's name is its identity: ` +
          `call it '${name}-{node}'`,
      );
    }
    const code = codeOf(entry) ?? fields.code;
    const language = languageOf(entry.file ?? "");
    return targets.map((node) => ({
      node,
      config: checked({ ...language, ...fields, code }, name.replaceAll("{node}", node)),
      ...(window === undefined ? {} : { window }),
    }));
  });
  const seen = new Map<string, string>();
  for (const { node, config: { name } } of wanted) {
    const other = seen.get(name);
    if (other !== undefined) {
      throw new ConfigError(`Agent '${name}' is listed twice: for ${other} and for ${node}`);
    }
    seen.set(name, node);
  }
  return wanted;
}

/** Where an agent with `failover` runs: where it is already, else on the first node that is there. */
function homeAmong(targets: readonly string[], agent: string, nodes: readonly ActualNode[]): string {
  const there = targets.flatMap((name) => nodes.find((node) => node.name === name) ?? []);
  const home = there.find((node) => node.isOnline && node.agents.has(agent)) ??
    there.find((node) => node.agents.has(agent)) ?? there.find(({ isOnline }) => isOnline);
  return home?.name ?? targets[0] ?? "";
}

/** @param prune whether to stop unlisted agents, on the nodes that the file mentions */
export function plan(
  wanted: readonly Wanted[],
  nodes: readonly ActualNode[],
  prune: boolean,
): readonly Step[] {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const listed = new Set(wanted.map(({ config }) => config.name));
  const targets = new Set(wanted.map(({ node }) => node));
  const steps = wanted.flatMap(({ node, config }) => stepsFor(node, config, byName, nodes));
  const rest = nodes.filter(({ name, isOnline }) => isOnline && targets.has(name)).flatMap((node) =>
    [...node.agents.keys()].filter((agent) => !listed.has(agent))
      .map((agent): Step => ({ kind: prune ? "stop" : "unlisted", node: node.name, agent }))
  );
  return [...steps, ...rest];
}

/** Whether a step changes anything. */
export function isChange({ kind }: Step): boolean {
  return kind !== "keep" && kind !== "unlisted";
}

function stepsFor(
  node: string,
  config: Config,
  byName: ReadonlyMap<string, ActualNode>,
  nodes: readonly ActualNode[],
): Step[] {
  const agent = config.name;
  const target = byName.get(node);
  if (target === undefined || !target.isOnline) {
    return [{ kind: "blocked", node, agent, isUnknown: target === undefined }];
  }
  const home = target.agents.has(agent)
    ? target
    : nodes.find((other) => other.isOnline && other.agents.has(agent));
  if (home === undefined) return [{ kind: "start", node, agent, config }];
  const before = home.agents.get(agent);
  const moves: Step[] = home === target ? [] : [{ kind: "move", node, agent, from: home.name }];
  // If a node does not disclose configs, a running agent counts as correct.
  if (before === undefined) return moves.length > 0 ? moves : [{ kind: "keep", node, agent }];
  const changes = changedFields(before, config);
  if (changes.length > 0) return [...moves, { kind: "replace", node, agent, config, before, changes }];
  return moves.length > 0 ? moves : [{ kind: "keep", node, agent }];
}

function checked(fields: Readonly<Record<string, unknown>>, name: string): Config {
  if (!isName(name)) throw new ConfigError(`Agent '${name}': its name must be ${NAME_RULE}`);
  try {
    parseSpawnConfig({ ...fields, name }, "any");
  } catch (error) {
    throw new ConfigError((error as Error).message);
  }
  return { ...fields, name };
}

/** Whether `labels` has all of `wanted`. */
export function hasAll(
  labels: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value);
}
