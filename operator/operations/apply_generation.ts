/** Applies a plan as the next generation of its fleet. The broker retains it for nodes that are off. */
import { type Generation, generationFields } from "../../protocol/generations.ts";
import { actorId } from "../../protocol/ids.ts";
import type { JsonObject } from "../../protocol/json.ts";
import { epochIn } from "../../protocol/placement.ts";
import { changedFields } from "../../protocol/spawn_changes.ts";
import { NoAnswerError, RefusedError } from "../commander.ts";
import { chooseBase, nextGeneration, OvertakenError } from "../fleet/head.ts";
import { type Desired, nodeStatus } from "../fleet/node_status.ts";
import { stateOf } from "../fleet/views.ts";
import { OperationError, type Operator } from "../operator.ts";
import { refuseDuringRollout } from "../rollout/guard.ts";
import { type ApplyOptions, applySteps, type FleetPlan, resultOf, type StepResult } from "./apply.ts";
import { FleetHead } from "./claim.ts";
import { remember } from "./history.ts";
import { FleetBoard } from "./fleet_board.ts";
import { closedFor, entryWindows, windowsOf } from "./closed_windows.ts";
import { isChange, type Step, type Wanted } from "./plan.ts";
import { type Config, placed } from "./spawn.ts";

export interface GenerationOptions extends ApplyOptions {
  readonly by: string;
  readonly message: string;
  /** Whether nodes stop agents that the previous generation had and this one does not. */
  readonly prune: boolean;
  /** Whether to merge generations with separate histories into this one. */
  readonly adopts: boolean;
  /** Tag of the generation that a saved plan was based on; `undefined`: the current one. */
  readonly base?: string | undefined;
  /** Called when this generation has won, before anything is written. */
  readonly onClaimed?: () => void;
  /** The roll-out that this is a wave of: it may be based on an earlier wave, too. */
  readonly rollout?: string | undefined;
  /** The roll-out that this takes back: it waits for no window of the nodes that have taken that. */
  readonly takesBack?: string | undefined;
}

export interface Applied {
  /** `undefined`: there was nothing to do. */
  readonly generation: Generation | undefined;
  readonly results: readonly StepResult[];
}

const TIMEOUT_MS = 120_000;

/** @throws OvertakenError if somebody else has applied in the meantime; OperationError; BusError */
export async function applyGeneration(
  operator: Operator,
  plan: FleetPlan,
  options: GenerationOptions,
): Promise<Applied> {
  const { rollout } = options;
  const changes = plan.steps.filter(isChange);
  if (rollout === undefined) await refuseDuringRollout(operator, plan.fleet);
  using board = await FleetBoard.open(operator, plan.fleet);
  const touched = nodesToWrite(operator, plan, board.desired, new Set());
  // Removals from an offline node appear in no step, only in `touched`.
  if (changes.length === 0 && !(options.prune && touched.length > 0)) {
    return { generation: undefined, results: [] };
  }
  using head = await FleetHead.open(operator, plan.fleet);
  const current = await head.current();
  const known = [...board.desired.values()].map(({ generation }) => generation);
  const reported = [...board.reports.values()].flatMap(({ generation }) => generation ?? []);
  const based = chooseBase(current, [...known, ...reported], options.adopts);
  if (rollout === undefined || based.base?.rollout !== rollout) refuseOldPlan(options.base, based.base);
  refuseWaiting(board, touched);
  const at = Date.now() / 1000;
  const about = { by: options.by, message: options.message, at };
  const generation = nextGeneration(plan.fleet, based, rollout === undefined ? about : { ...about, rollout });
  await head.claim(current?.tag, generation);
  options.onClaimed?.();
  const immediate = changes.filter((step) => isImmediate(operator, step));
  const late = immediate.flatMap((step) => {
    if (options.takesBack !== undefined) return [];
    const pending = closedFor(step, plan.wanted, operator.fleet, Date.now());
    return pending === undefined ? [] : [resultOf(step, { pending })];
  });
  late.forEach(options.onStep);
  const waiting = new Set(late.map(({ step }) => step));
  const now = immediate.filter((step) => !waiting.has(step));
  const results = [...late, ...await applySteps(operator, now, options)];
  const failed = new Set(results.filter(({ ok }) => !ok).map(({ step }) => step.agent));
  const rest = changes.filter((step) => !isImmediate(operator, step));
  const nodes = nodesToWrite(operator, plan, board.desired, failed);
  const written = nodes.map((node) => {
    const steps = rest.filter((step) => step.node === node);
    const message = desiredState(operator, plan, node, generation, board.desired.get(node), options);
    return applyTo(operator, board, { node, steps, message, tag: generation.tag }, options);
  });
  await Promise.all(written.map(({ sent }) => sent));
  await remember(operator, { generation, wanted: plan.wanted, git: plan.git });
  await head.confirm(generation);
  const outcomes = (await Promise.all(written.map(({ results }) => results))).flat();
  const settled = new Set(outcomes.map(({ step }) => step));
  const unwritten = rest.filter((step) => !settled.has(step)).map((step) =>
    resultOf(
      step,
      step.kind === "blocked" && step.isUnknown
        ? { error: `no node '${step.node}' has been seen` }
        : late.some(({ step: { node } }) => node === step.node)
        ? { pending: "it waits with the others of its node: apply again then" }
        : { error: "the previous step failed" },
    )
  );
  for (const result of unwritten) options.onStep(result);
  return { generation, results: [...results, ...outcomes, ...unwritten] };
}

function refuseOldPlan(planned: string | undefined, base: Generation | undefined): void {
  if (planned === undefined || planned === (base?.tag ?? "")) return;
  throw new OvertakenError(
    `The plan is out of date: ${base?.by ?? "nobody"} has applied generation ${
      base?.generation ?? 0
    } since: make it again`,
  );
}

function refuseWaiting(board: FleetBoard, nodes: readonly string[]): void {
  for (const node of nodes) {
    const other = board.waitsFor(node);
    if (other === undefined) continue;
    throw new OperationError(
      `Nothing has been applied: node '${node}' has not taken generation ${other.generation} of fleet '${other.fleet}' ` +
        "yet, and the broker keeps one desired state for each node: apply again when it has",
    );
  }
}

/** Moves and stops are sent as commands, and so is every step for a runner that does not support generations. */
function isImmediate({ fleet }: Operator, step: Step): boolean {
  if (step.kind === "move" || step.kind === "stop") return true;
  const node = fleet.node(step.node);
  return step.kind !== "blocked" && node?.generations === undefined;
}

/** The known nodes whose desired state would change. @param board of the plan's fleet */
export function nodesToChange(operator: Operator, plan: FleetPlan, board: FleetBoard): readonly string[] {
  const steps = plan.steps.filter(isChange).map(({ node }) => node);
  return [...new Set([...steps, ...nodesToWrite(operator, plan, board.desired, new Set())])];
}

/** The nodes whose desired state changes. Nodes where a command failed keep their current state. */
function nodesToWrite(
  { fleet }: Operator,
  plan: FleetPlan,
  desired: ReadonlyMap<string, Desired>,
  failed: ReadonlySet<string>,
): readonly string[] {
  const isLegacy = (node: string) => {
    const view = fleet.node(node);
    return view !== undefined && stateOf(view, Date.now()) === "online" && view.generations === undefined;
  };
  const nodes = new Set([...plan.wanted.map(({ node }) => node), ...desired.keys()]);
  return [...nodes].filter((node) => {
    const wanted = plan.wanted.filter((each) => each.node === node);
    if (fleet.node(node) === undefined || isLegacy(node)) return false;
    if (wanted.some(({ config }) => failed.has(config.name))) return false;
    const isStep = plan.steps.some((step) =>
      step.node === node && (step.kind === "start" || step.kind === "replace" || step.kind === "move")
    );
    return isStep || !isSame(desired.get(node)?.agents ?? [], wanted);
  });
}

/** Whether a node's agents are exactly the wanted ones. */
export function isSame(agents: readonly JsonObject[], wanted: readonly Wanted[]): boolean {
  return agents.length === wanted.length && wanted.every(({ config }) => {
    const before = agents.find(({ name }) => name === config.name);
    return before !== undefined && changedFields(before, config).length === 0;
  });
}

function desiredState(
  operator: Operator,
  plan: FleetPlan,
  node: string,
  generation: Generation,
  before: Desired | undefined,
  { prune, takesBack }: Pick<GenerationOptions, "prune" | "takesBack">,
): JsonObject {
  const agents = plan.wanted.filter((each) => each.node === node).map(({ config }) => {
    const isKept = plan.steps.some(({ kind, agent }) => kind === "keep" && agent === config.name);
    return { ...(isKept ? asPlaced(operator, node, config, before) : placed(operator, config)), node };
  });
  const windows = windowsOf(node, plan.wanted, plan.steps);
  return {
    node,
    ...generationFields(generation),
    prune,
    ...(takesBack === undefined ? {} : { takes_back: takesBack }),
    ...(windows.length === 0 ? {} : { windows }),
    // For operators, who build later generations on this one.
    ...entryWindows(node, plan.wanted),
    timestamp: generation.at,
    agents,
  };
}

/** Keeps the epoch of an agent that stays on its node: this is not a new placement. */
function asPlaced({ fleet }: Operator, node: string, config: Config, before: Desired | undefined): Config {
  const here = fleet.instances(actorId(config.name)).find((each) => each.node === node);
  const known = before?.agents.find(({ name }) => name === config.name);
  return { ...config, epoch: here?.epoch ?? epochIn(known?.epoch) };
}

interface Order {
  readonly node: string;
  readonly steps: readonly Step[];
  readonly message: JsonObject;
  readonly tag: string;
}

/** `sent` resolves before the results: other operators wait only until everything has been sent. */
function applyTo(operator: Operator, board: FleetBoard, order: Order, options: GenerationOptions) {
  const sent = Promise.withResolvers<void>();
  const results = carryOut(operator, board, order, options, sent.resolve).finally(sent.resolve);
  return { sent: sent.promise, results };
}

async function carryOut(
  operator: Operator,
  board: FleetBoard,
  { node, steps, message, tag }: Order,
  options: GenerationOptions,
  onSent: () => void,
): Promise<readonly StepResult[]> {
  const { commander, fleet } = operator;
  const view = fleet.node(node);
  const tell = (results: readonly StepResult[]) => {
    results.forEach(options.onStep);
    return results;
  };
  const all = (outcome: Parameters<typeof resultOf>[1]) => tell(steps.map((step) => resultOf(step, outcome)));
  // A node that is silent may be off, too.
  if (view === undefined || stateOf(view, Date.now()) !== "online") {
    await commander.leave(node, "desired_state", message);
    return all({ pending: "its node is off, and gets it when it returns" });
  }
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  const isSettled = () => {
    const status = nodeStatus(tag, board.reports.get(node), true);
    return status.kind !== "pending" || status.untilMs !== undefined;
  };
  const settled = waitFor(board, node, isSettled, timeoutMs, options.signal);
  try {
    await commander.command(node, "desired_state", message, {
      timeoutMs,
      retain: true,
      signal: options.signal,
      onSent,
    });
  } catch (error) {
    if (error instanceof RefusedError) return all({ error: error.message });
    if (!(error instanceof NoAnswerError)) throw error;
  }
  await settled;
  const report = board.reports.get(node);
  const status = nodeStatus(tag, report, true);
  if (status.kind === "refused") return all({ error: status.reason });
  if (status.kind === "pending" && status.untilMs !== undefined) return all({ pending: status.why });
  return tell(steps.map((step) => {
    const outcome = report?.generation?.tag === tag ? report.agents.get(step.agent) : undefined;
    if (outcome?.state === "failed") return resultOf(step, { error: outcome.error ?? "failed" });
    if (outcome === undefined || outcome.state === "starting") {
      return resultOf(step, { error: "neither ran nor failed in time", timedOut: true });
    }
    return resultOf(step, {});
  }));
}

async function waitFor(
  board: FleetBoard,
  node: string,
  isSettled: () => boolean,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = board.listen((reported) => {
    if (reported === node && isSettled()) resolve();
  });
  const timer = setTimeout(resolve, timeoutMs);
  const end = () => resolve();
  signal.addEventListener("abort", end);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
    stop();
  }
}
