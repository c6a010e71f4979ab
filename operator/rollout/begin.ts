/** Begins a roll-out of a fleet, and goes on with one. */
import { OvertakenError } from "../fleet/head.ts";
import { stateOf } from "../fleet/views.ts";
import type { FleetPlan } from "../operations/apply.ts";
import { nodesToChange } from "../operations/apply_generation.ts";
import { FleetHead } from "../operations/claim.ts";
import { FleetBoard } from "../operations/fleet_board.ts";
import { wantedNow, withoutDelivery } from "../operations/fleet_status.ts";
import type { Step, Wanted } from "../operations/plan.ts";
import type { Config } from "../operations/spawn.ts";
import { OperationError, type Operator } from "../operator.ts";
import { carryOut, type Job, type RunOptions } from "./carry_out.ts";
import { FleetWork } from "./fleet_work.ts";
import { fleetPlanIn, type KeptRollout, type Rollout, type RolloutPlan } from "./record.ts";
import type { RolloutSettings } from "./settings.ts";
import { newRollout, type RolloutEvent, type RolloutState } from "./state.ts";
import { readPlan, refuseUnsealed, type SealRule } from "./store.ts";
import { refuseDuringRollout } from "./guard.ts";
import { divide, parseWaves } from "./waves.ts";

export interface NewRollout {
  readonly rollout: Rollout;
  readonly plan: RolloutPlan;
}

export interface BeginOptions {
  readonly settings: RolloutSettings;
  readonly prune: boolean;
  readonly isRollback: boolean;
  /** The roll-out that was halted, and which this one takes back. */
  readonly takesBack?: string | undefined;
  readonly by: string;
  readonly message: string;
  /** The tag of the generation that a saved plan is based on. */
  readonly base?: string | undefined;
}

/**
 * Prepares a roll-out; changes nothing. Requires that the fleet has been surveyed.
 * @returns `undefined` if there is nothing to change
 * @throws OperationError if a node has never been seen, or another roll-out is not over
 */
export async function prepareRollout(
  operator: Operator,
  fleetPlan: FleetPlan,
  { settings, prune, isRollback, takesBack, by, message, base: savedBase }: BeginOptions,
): Promise<NewRollout | undefined> {
  const { fleet, steps, wanted, git } = fleetPlan;
  await refuseDuringRollout(operator, fleet);
  using head = await FleetHead.open(operator, fleet);
  using board = await FleetBoard.open(operator, fleet);
  const unseen = steps.find((step) => step.kind === "blocked" && step.isUnknown);
  if (unseen !== undefined) {
    throw new OperationError(`Nothing has been changed: no node '${unseen.node}' has been seen`);
  }
  const nodes = nodesToChange(operator, fleetPlan, board);
  if (nodes.length === 0) return undefined;
  const base = wantedNow(board);
  const now = Date.now();
  const waves = divide(
    parseWaves(settings.waves),
    nodes.map((name) => {
      const view = operator.fleet.node(name);
      const isOff = view === undefined || stateOf(view, now) === "offline";
      return { name, labels: view?.labels ?? {}, isOff };
    }),
  );
  const id = crypto.randomUUID();
  const plan: RolloutPlan = {
    id,
    wanted,
    base,
    unlisted: unlistedBefore(steps, base),
    baseTag: savedBase ?? (await head.current())?.tag ?? "",
    prune,
    isRollback,
    takesBack,
    checks: settings.checks,
    git,
  };
  const rollout: Rollout = {
    id,
    fleet,
    by,
    message,
    at: now / 1000,
    executor: crypto.randomUUID(),
    state: newRollout(waves, settings.limits),
  };
  return { rollout, plan };
}

/** Carries out a new roll-out. @returns its state at the end @throws as `Executor.run` */
export async function beginRollout(
  operator: Operator,
  { rollout, plan }: NewRollout,
  options: RunOptions,
): Promise<RolloutState> {
  return await carryOut(operator, rollout, workOf(operator, rollout, plan, options), {
    ...options,
    plan,
    first: [],
  });
}

/**
 * Goes on with the roll-out that the broker has, whose executor has died.
 * @param first such as an abort; none: it goes on where it was
 * @throws OperationError if there is none, or the rule demands a signature that it does not have; as `Executor.run`
 */
export async function takeOver(
  operator: Operator,
  kept: KeptRollout,
  first: readonly RolloutEvent[],
  options: RunOptions & { readonly rule: SealRule },
): Promise<RolloutState> {
  refuseUnsealed(kept, options.rule);
  const { seal: _seal, ...rollout } = kept;
  const plan = await readPlan(operator, rollout, fleetPlanIn, options.rule);
  const own = { ...rollout, executor: crypto.randomUUID() };
  return await carryOut(operator, own, workOf(operator, own, plan, options), { ...options, first });
}

function workOf(operator: Operator, rollout: Rollout, plan: RolloutPlan, options: RunOptions): Job {
  return {
    work: new FleetWork(operator, rollout, plan, options),
    overtakenBy: (error) => error instanceof OvertakenError ? error.message : undefined,
  };
}

/** What runs although no generation says so, and is replaced: a rollback puts it back. */
function unlistedBefore(steps: readonly Step[], base: readonly Wanted[]): readonly Wanted[] {
  return steps.flatMap((step) => {
    const isKnown = base.some(({ config }) => config.name === step.agent);
    if (step.kind !== "replace" || isKnown) return [];
    const config = { ...withoutDelivery(step.before), name: step.agent } as Config;
    return [{ node: step.node, config }];
  });
}
