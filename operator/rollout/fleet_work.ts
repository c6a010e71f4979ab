/** What a roll-out of a fleet file does to the nodes: each wave is a generation of the fleet. */
import { aborted } from "../../protocol/abort.ts";
import { type NodeStatus, nodeStatus } from "../fleet/node_status.ts";
import { stateOf } from "../fleet/views.ts";
import { planWanted, type StepResult } from "../operations/apply.ts";
import { applyGeneration } from "../operations/apply_generation.ts";
import { FleetBoard } from "../operations/fleet_board.ts";
import { withStops } from "../operations/history.ts";
import type { Wanted } from "../operations/plan.ts";
import { survey } from "../operations/survey.ts";
import type { Operator } from "../operator.ts";
import { WaveChecks } from "./checks.ts";
import { composite, watchedAgents } from "./compose.ts";
import type { Work } from "./executor.ts";
import { HealthWatch } from "./health.ts";
import { pauseUntil } from "./pause_until.ts";
import type { Rollout, RolloutPlan } from "./record.ts";
import type { Outcome } from "./state.ts";

export interface FleetWorkOptions {
  readonly by: string;
  /** How long the agents of a node may take, milliseconds. */
  readonly timeoutMs?: number | undefined;
  readonly onStep: (result: StepResult) => void;
}

/** New code that replaces other code must first be called successfully: slow agents take a while. */
const TIMEOUT_MS = 600_000;

export class FleetWork implements Work, Disposable {
  #watch: { readonly nodes: readonly string[]; readonly health: HealthWatch } | undefined;

  constructor(
    private readonly operator: Operator,
    private readonly rollout: Pick<Rollout, "id" | "fleet" | "message">,
    private readonly plan: RolloutPlan,
    private readonly options: FleetWorkOptions,
  ) {}

  async look(): Promise<readonly string[]> {
    await survey(this.operator);
    return [...this.#nodes()].filter((node) => this.#isOff(node));
  }

  async change(
    nodes: readonly string[],
    changed: readonly string[],
    tell: (outcomes: Readonly<Record<string, Outcome>>) => void,
    signal: AbortSignal,
  ): Promise<void> {
    await survey(this.operator);
    await this.#watchFor(nodes);
    const wanted = composite(this.plan, new Set(changed));
    const stops = this.plan.isRollback ? this.plan.base : undefined;
    const results = await this.#apply(wanted, nodes, {
      prune: this.plan.prune,
      stops,
      note: "",
      takesBack: this.plan.takesBack,
      signal,
    });
    using board = await FleetBoard.open(this.operator, this.rollout.fleet);
    const waiting = new Set(nodes.filter((node) => waitingOn(board, node) !== undefined));
    const told = Promise.withResolvers<void>();
    const stop = board.listen((node) => {
      const status = waiting.has(node) ? statusOn(board, node) : undefined;
      if (status === undefined || status.kind === "pending") return;
      waiting.delete(node);
      tell({ [node]: outcomeOf(status) });
      if (waiting.size === 0) told.resolve();
    });
    tell(Object.fromEntries(
      nodes.map((node) => [node, this.#outcome(node, results, board)]),
    ));
    if (waiting.size > 0) await Promise.race([told.promise, aborted(signal)]);
    stop();
  }

  async soak(
    nodes: readonly string[],
    untilMs: number,
    tell: (node: string, why: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const health = await this.#watchFor(nodes);
    const tellOf = (node: string, why: string) => nodes.includes(node) ? tell(node, why) : undefined;
    using checks = await WaveChecks.open(this.operator, nodes, this.plan.checks);
    await health.begin(tellOf);
    await pauseUntil(untilMs, signal);
    if (!signal.aborted) await Promise.all([health.end(), checks.make(tellOf)]);
    this.#endWatch();
  }

  async restore(
    nodes: readonly string[],
    changed: readonly string[],
    signal: AbortSignal,
  ): Promise<Readonly<Record<string, string>>> {
    this.#endWatch();
    await survey(this.operator);
    const wanted = composite(this.plan, new Set(changed));
    const names = new Set(wanted.map(({ config }) => config.name));
    const unlisted = this.plan.unlisted.filter(({ node, config }) =>
      nodes.includes(node) && !names.has(config.name)
    );
    const results = await this.#apply([...wanted, ...unlisted], nodes, {
      prune: true,
      stops: this.plan.wanted,
      note: "taken back: ",
      takesBack: this.rollout.id,
      signal,
    });
    return Object.fromEntries(
      results.flatMap(({ step, error }) =>
        error === undefined ? [] : [[step.node, `${step.agent}: ${error}`]]
      ),
    );
  }

  [Symbol.dispose](): void {
    this.#endWatch();
  }

  async #apply(
    wanted: readonly Wanted[],
    nodes: readonly string[],
    { prune, stops, note, takesBack, signal }: {
      readonly prune: boolean;
      /** Agents of the generation before: those that `wanted` does not have are stopped. */
      readonly stops: readonly Wanted[] | undefined;
      readonly note: string;
      /** The roll-out that this takes back. */
      readonly takesBack: string | undefined;
      readonly signal: AbortSignal;
    },
  ): Promise<readonly StepResult[]> {
    const { operator, rollout, options } = this;
    const planned = await planWanted(operator, rollout.fleet, wanted, prune && stops === undefined);
    const plan = stops === undefined ? planned : withStops(planned, { wanted: stops }, operator);
    const steps = plan.steps.filter(({ node }) => nodes.includes(node));
    const { results } = await applyGeneration(operator, { ...plan, steps, git: this.plan.git }, {
      by: options.by,
      message: `${note}${rollout.message}`,
      prune,
      adopts: false,
      base: this.plan.baseTag,
      rollout: rollout.id,
      takesBack,
      timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
      signal,
      onStep: options.onStep,
      onProgress: () => {},
    });
    return results;
  }

  #outcome(node: string, results: readonly StepResult[], board: FleetBoard): Outcome {
    const own = results.filter(({ step }) => step.node === node);
    const failed = own.find(({ error }) => error !== undefined);
    if (failed?.error !== undefined) return { kind: "failed", why: `${failed.step.agent}: ${failed.error}` };
    const waiting = waitingOn(board, node);
    if (waiting !== undefined) return waiting;
    // It may have taken the change since the results were made.
    if (statusOn(board, node)?.kind === "done") return { kind: "ok" };
    const waits = own.find(({ pending }) => pending !== undefined);
    if (waits?.pending !== undefined) return { kind: "pending", why: waits.pending };
    return this.#isOff(node) ? { kind: "pending", why: "its node is off" } : { kind: "ok" };
  }

  /** Begins to watch before the change, unless that has been done. */
  async #watchFor(nodes: readonly string[]): Promise<HealthWatch> {
    const known = this.#watch;
    if (known !== undefined && nodes.every((node) => known.nodes.includes(node))) return known.health;
    this.#endWatch();
    const places = nodes.flatMap((node) => watchedAgents(this.plan, node).map((agent) => ({ node, agent })));
    const health = await HealthWatch.open(this.operator, nodes, places);
    this.#watch = { nodes, health };
    return health;
  }

  #endWatch(): void {
    this.#watch?.health[Symbol.dispose]();
    this.#watch = undefined;
  }

  #nodes(): ReadonlySet<string> {
    return new Set([...this.plan.wanted, ...this.plan.base].map(({ node }) => node));
  }

  #isOff(node: string): boolean {
    const view = this.operator.fleet.node(node);
    return view === undefined || stateOf(view, Date.now()) === "offline";
  }
}

function statusOn(board: FleetBoard, node: string): NodeStatus | undefined {
  const tag = board.desired.get(node)?.generation.tag;
  return tag === undefined ? undefined : nodeStatus(tag, board.reports.get(node), true);
}

/** What a node that waits for its window is told as; `undefined` for others. */
function waitingOn(board: FleetBoard, node: string): Outcome | undefined {
  const status = statusOn(board, node);
  const waits = status?.kind === "pending" && status.untilMs !== undefined;
  return waits ? { kind: "waiting", why: status.why } : undefined;
}

function outcomeOf(status: Exclude<NodeStatus, { kind: "pending" }>): Outcome {
  switch (status.kind) {
    case "done":
      return { kind: "ok" };
    case "failed":
      return { kind: "failed", why: status.errors.map(([agent, error]) => `${agent}: ${error}`).join("; ") };
    case "refused":
      return { kind: "failed", why: status.reason };
    default:
      return status satisfies never;
  }
}
