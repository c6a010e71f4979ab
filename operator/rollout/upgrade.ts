/** Begins a roll-out of a runner, and goes on with one. */
import { packRunner, releaseOf } from "../../protocol/upgrade_package.ts";
import { located, onlineNode } from "../operations/find.ts";
import { OperationError, type Operator } from "../operator.ts";
import { carryOut, type Job, type RunOptions } from "./carry_out.ts";
import { refuseDuringRollout } from "./guard.ts";
import { isWell } from "./health.ts";
import type { KeptRollout, Rollout } from "./record.ts";
import type { RolloutSettings } from "./settings.ts";
import { newRollout, type RolloutEvent, type RolloutState } from "./state.ts";
import { readPlan, refuseUnsealed, type SealRule } from "./store.ts";
import { RUNNERS } from "./subject.ts";
import { type UpgradePlan, upgradePlanIn } from "./upgrade_plan.ts";
import { UpgradeWork } from "./upgrade_work.ts";
import { divide, parseWaves } from "./waves.ts";

export interface NewUpgrade {
  readonly rollout: Rollout;
  readonly plan: UpgradePlan;
}

export interface NewUpgradeOptions {
  /** The runner in one file. */
  readonly runner: Uint8Array;
  readonly version: string;
  readonly trialSeconds: number;
  readonly settings: RolloutSettings;
  readonly by: string;
}

/**
 * Prepares a roll-out; changes nothing. Requires that the fleet has been surveyed.
 * @returns `undefined` if all of the nodes run that release
 * @throws OperationError if a node is off or was not deployed, or another roll-out is not over
 */
export async function prepareUpgrade(
  operator: Operator,
  names: readonly string[],
  { runner, version, trialSeconds, settings, by }: NewUpgradeOptions,
): Promise<NewUpgrade | undefined> {
  await refuseDuringRollout(operator, RUNNERS);
  const release = releaseOf(runner);
  const nodes = names.map((name) => onlineNode(operator.fleet, name));
  const foreign = nodes.find((node) => node.release === undefined);
  if (foreign !== undefined) {
    throw new OperationError(
      `Nothing has been changed: node '${foreign.name}' was not deployed, so it has no releases to choose from`,
    );
  }
  const others = nodes.filter((node) => node.release !== release);
  if (others.length === 0) return undefined;
  const before = others.map(({ name, release: its = "" }) => {
    const here = located(operator.fleet).filter(({ node, agent }) => node === name && isWell(agent));
    return [name, { release: its, agents: here.map((each) => each.name) }] as const;
  });
  const id = crypto.randomUUID();
  const order = packRunner(runner, version, trialSeconds);
  const plan: UpgradePlan = { id, order, release, trialSeconds, before: Object.fromEntries(before) };
  const waves = divide(
    parseWaves(settings.waves),
    others.map(({ name, labels }) => ({ name, labels, isOff: false })),
  );
  const rollout: Rollout = {
    id,
    fleet: RUNNERS,
    by,
    message: `release ${release} (${version})`,
    at: Date.now() / 1000,
    executor: crypto.randomUUID(),
    state: newRollout(waves, settings.limits),
  };
  return { rollout, plan };
}

/** Carries out a new roll-out. @returns its state at the end @throws as `Executor.run` */
export async function beginUpgrade(
  operator: Operator,
  { rollout, plan }: NewUpgrade,
  options: RunOptions,
): Promise<RolloutState> {
  return await carryOut(operator, rollout, jobOf(operator, plan, options), { ...options, plan, first: [] });
}

/**
 * Goes on with the roll-out that the broker has, whose executor has died.
 * @param first such as an abort; none: it goes on where it was
 * @throws OperationError if there is none, or the rule demands a signature that it does not have; as `Executor.run`
 */
export async function takeOverUpgrade(
  operator: Operator,
  kept: KeptRollout,
  first: readonly RolloutEvent[],
  options: RunOptions & { readonly rule: SealRule },
): Promise<RolloutState> {
  refuseUnsealed(kept, options.rule);
  const { seal: _seal, ...rollout } = kept;
  const plan = await readPlan(operator, rollout, upgradePlanIn, options.rule);
  const own = { ...rollout, executor: crypto.randomUUID() };
  return await carryOut(operator, own, jobOf(operator, plan, options), { ...options, first });
}

function jobOf(operator: Operator, plan: UpgradePlan, { timeoutMs }: RunOptions): Job {
  return { work: new UpgradeWork(operator, plan, timeoutMs), overtakenBy: () => undefined };
}
