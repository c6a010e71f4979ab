/** Makes a fleet match its file: surveys, plans, and carries out the plan. */
import { readGiven } from "../../protocol/config/text_file.ts";
import { actorId } from "../../protocol/ids.ts";
import { dirname, resolve } from "@std/path";
import { NoAnswerError, RefusedError } from "../commander.ts";
import { type FleetEntry, type FleetFile, parseFleet } from "../fleet/fleet_file.ts";
import { type AgentView, stateOf } from "../fleet/views.ts";
import { OperationError, type Operator } from "../operator.ts";
import { type GitState, gitState } from "../git_state.ts";
import type { GivenRollout } from "../rollout/settings.ts";
import { epochIn } from "../../protocol/placement.ts";
import { changedFields } from "../../protocol/spawn_changes.ts";
import { nodeStatus } from "../fleet/node_status.ts";
import { FleetBoard } from "./fleet_board.ts";
import { agentsOff, liveAgents } from "./find.ts";
import { inspectOn } from "./inspect.ts";
import { migrateFrom } from "./migrate.ts";
import { type ActualNode, isChange, plan, type Step, type Wanted, wantedAgents } from "./plan.ts";
import { riskWarnings, targetWarnings } from "./plan_warnings.ts";
import { spawn, type SpawnOutcome } from "./spawn.ts";
import { survey } from "./survey.ts";

/** The result of a step. */
export interface StepResult {
  readonly step: Step;
  readonly ok: boolean;
  /** Why it failed, in words. */
  readonly error: string | undefined;
  /** Whether the node did not answer in time. */
  readonly timedOut: boolean;
  /** Why it is still pending on its node, in words; `undefined` if it is not. */
  readonly pending: string | undefined;
}

export function resultOf(
  step: Step,
  { error, timedOut = false, pending }: Partial<Pick<StepResult, "error" | "timedOut" | "pending">>,
): StepResult {
  return { step, ok: error === undefined && pending === undefined, error, timedOut, pending };
}

/** The steps that would make the fleet match its file. */
export interface FleetPlan {
  /** The name of the fleet. */
  readonly fleet: string;
  readonly wanted: readonly Wanted[];
  readonly steps: readonly Step[];
  /** Likely mistakes in the file, in words. */
  readonly warnings: readonly string[];
  /** How the file wants it to be rolled out; without it, all at once. */
  readonly rollout?: GivenRollout | undefined;
  /** Of the repository in which the file lies. */
  readonly git?: GitState | undefined;
}

export interface ApplyOptions {
  /** Limit for each step, milliseconds. */
  readonly timeoutMs?: number | undefined;
  readonly signal: AbortSignal;
  readonly onStep: (result: StepResult) => void;
  /** Called with progress within a step. */
  readonly onProgress: (step: Step, message: string) => void;
}

export interface PlanOptions {
  /** Whether agents that are not listed are stopped, on the nodes that the file mentions. */
  readonly prune: boolean;
  readonly signal: AbortSignal;
}

/**
 * Surveys the fleet and plans the steps that would make it match the file. Changes nothing.
 * @param path of the fleet file
 * @throws ConfigError for a file that cannot be used; RefusedError; NoAnswerError; BusError
 */
export async function planFleet(
  operator: Operator,
  path: string,
  options: PlanOptions,
): Promise<FleetPlan> {
  const file = parseFleet(await readGiven(path), path);
  const codes = new Map<FleetEntry, string>();
  for (const entry of file.entries) {
    if (entry.file !== undefined) codes.set(entry, await readGiven(resolve(dirname(path), entry.file)));
  }
  const git = await gitState(dirname(resolve(path)));
  return { ...await planEntries(operator, file, (entry) => codes.get(entry), options), git };
}

/** As `planFleet`, for a file that has been read. @param codeOf the code of an entry's own file */
export async function planEntries(
  operator: Operator,
  { fleet, rollout, entries }: FleetFile,
  codeOf: (entry: FleetEntry) => string | undefined,
  { prune, signal }: PlanOptions,
): Promise<FleetPlan> {
  await survey(operator, { signal });
  const nodes = actualNodes(operator);
  const wanted = wantedAgents(entries, nodes, codeOf);
  const plan = await planWanted(operator, fleet, wanted, prune);
  return { ...plan, rollout, warnings: [...targetWarnings(entries, nodes), ...plan.warnings] };
}

/** Like `planFleet`, but after the survey, for agents whose nodes have already been chosen. */
export async function planWanted(
  operator: Operator,
  fleet: string,
  wanted: readonly Wanted[],
  prune: boolean,
): Promise<FleetPlan> {
  using board = await FleetBoard.open(operator, fleet);
  const nodes = await withConfigs(
    operator,
    withApplied(operator, actualNodes(operator), board),
    new Set(wanted.map(({ config }) => config.name)),
  );
  const steps = withoutWaiting(plan(wanted, nodes, prune), wanted, board);
  return { fleet, wanted, steps, warnings: riskWarnings(steps, nodes) };
}

/** Treats agents on an offline node as up to date if the node had already applied their desired state. */
function withoutWaiting(
  steps: readonly Step[],
  wanted: readonly Wanted[],
  board: FleetBoard,
): readonly Step[] {
  return steps.map((step) => {
    if (step.kind !== "blocked" || step.isUnknown) return step;
    const desired = board.desired.get(step.node);
    const agent = desired?.agents.find(({ name }) => name === step.agent);
    const config = wanted.find((each) => each.config.name === step.agent)?.config;
    const isDone = desired !== undefined && agent !== undefined && config !== undefined &&
      changedFields(agent, config).length === 0 &&
      nodeStatus(desired.generation.tag, board.reports.get(step.node), false).kind === "done";
    return isDone ? { kind: "keep", node: step.node, agent: step.agent } : step;
  });
}

/** Carries out steps by commands: nodes in parallel, the steps of one node in order. */
export async function applySteps(
  operator: Operator,
  steps: readonly Step[],
  options: ApplyOptions,
): Promise<readonly StepResult[]> {
  const results: StepResult[] = [];
  // A move involves two nodes, so moves come first, one at a time.
  const moves = steps.filter(({ kind }) => kind === "move");
  const failed = new Set<string>();
  const run = async (step: Step) => {
    if (options.signal.aborted) return;
    const result = failed.has(step.agent)
      ? resultOf(step, { error: "the previous step failed" })
      : await carryOut(operator, step, options);
    if (!result.ok) failed.add(step.agent);
    results.push(result);
    options.onStep(result);
  };
  for (const step of moves) await run(step);
  const rest = Map.groupBy(
    steps.filter((step) => isChange(step) && step.kind !== "move"),
    ({ node }) => node,
  );
  await Promise.all([...rest.values()].map(async (ofNode) => {
    for (const step of ofNode) await run(step);
  }));
  return results;
}

async function carryOut(operator: Operator, step: Step, options: ApplyOptions): Promise<StepResult> {
  const ended = (error: string | undefined, timedOut = false) => resultOf(step, { error, timedOut });
  const timeout = options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs };
  const { commander } = operator;
  try {
    switch (step.kind) {
      case "start":
      case "replace": {
        const config = step.kind === "replace" ? { ...step.config, replace: true } : step.config;
        const outcome = await spawn(operator, step.node, config, {
          ...timeout,
          signal: options.signal,
          onProgress: (message) => options.onProgress(step, message),
        });
        return ended(failureOf(outcome), outcome.kind === "unsettled");
      }
      case "move":
        await migrateFrom(
          operator,
          { name: step.agent, actorId: actorId(step.agent), node: step.from },
          step.node,
          timeout,
        );
        return ended(undefined);
      case "stop":
        await commander.command(step.node, "stop", { name: step.agent }, timeout);
        return ended(undefined);
      case "blocked":
        return ended(
          step.isUnknown ? `no node '${step.node}' has been seen` : `node '${step.node}' is not online`,
        );
      case "keep":
      case "unlisted":
        return ended(undefined);
      default:
        return step satisfies never;
    }
  } catch (error) {
    if (error instanceof NoAnswerError) return ended(error.message, true);
    if (error instanceof RefusedError || error instanceof OperationError) return ended(error.message);
    throw error;
  }
}

function failureOf(outcome: SpawnOutcome): string | undefined {
  switch (outcome.kind) {
    case "running":
      return undefined;
    case "already_running":
      return "somebody else started it in the meantime";
    case "failed":
      return `${outcome.phase}: ${outcome.error}${
        outcome.rolledBack ? " (the previous code runs again)" : ""
      }`;
    case "stopped":
      return "it was stopped in the meantime";
    case "unsettled":
      return `neither ran nor failed in time: ${outcome.last}`;
    default:
      return outcome satisfies never;
  }
}

/** The agents known to run on each node. */
export function actualNodes({ fleet }: Operator): readonly ActualNode[] {
  const nowMs = Date.now();
  const ofNode = ({ node }: AgentView) => node ?? "";
  const [live, off] = [Map.groupBy(liveAgents(fleet), ofNode), Map.groupBy(agentsOff(fleet), ofNode)];
  return fleet.nodes.map((node) => {
    const running = (node.isOnline ? live : off).get(node.name) ?? [];
    return {
      name: node.name,
      isOnline: stateOf(node, nowMs) === "online",
      labels: node.labels,
      hasLabels: node.hasLabels,
      agents: new Map(running.map(({ name }) => [name, undefined])),
    };
  });
}

/**
 * Adds the configs that were applied: an agent with the epoch of its node's desired state was started by that, because
 * everything else that starts or replaces agents raises the epoch, or has none. So most agents need not be asked for.
 */
function withApplied(
  { fleet }: Operator,
  nodes: readonly ActualNode[],
  { desired, reports }: FleetBoard,
): readonly ActualNode[] {
  return nodes.map((node) => {
    const { generation, agents: applied } = desired.get(node.name) ?? {};
    const isDone = generation !== undefined &&
      nodeStatus(generation.tag, reports.get(node.name), true).kind === "done";
    if (!node.isOnline || !isDone || applied === undefined) return node;
    const agents = new Map(node.agents);
    for (const config of applied) {
      const [name, epoch] = [String(config.name), epochIn(config.epoch)];
      const runs = fleet.instances(actorId(name)).find((each) => each.node === node.name);
      if (agents.has(name) && epoch > 0 && runs?.epoch === epoch) agents.set(name, config);
    }
    return { ...node, agents };
  });
}

/** Asks only for the configs of the agents that matter and are not known yet; nodes in parallel. */
export async function withConfigs(
  operator: Operator,
  nodes: readonly ActualNode[],
  wanted: ReadonlySet<string>,
): Promise<readonly ActualNode[]> {
  return await Promise.all(nodes.map(async (node) => {
    if (!node.isOnline) return node;
    const agents = new Map(node.agents);
    const unknown = [...agents].filter(([name, config]) => config === undefined && wanted.has(name));
    for (const [name] of unknown) {
      try {
        agents.set(name, (await inspectOn(operator, node.name, name)).config);
      } catch (error) {
        // It has ended in the meantime.
        if (error instanceof RefusedError && error.refusal === undefined) agents.delete(name);
        // Another node implementation, which does not report configs.
        else if (error instanceof NoAnswerError) break;
        else throw error;
      }
    }
    return { ...node, agents };
  }));
}
