/** Carries a roll-out of whatever kind out to its end: its state is at the broker, and orders reach it. */
import type { StepResult } from "../operations/apply.ts";
import type { Operator } from "../operator.ts";
import { Executor, type Work } from "./executor.ts";
import type { AnyPlan, Rollout } from "./record.ts";
import type { RolloutEvent, RolloutState } from "./state.ts";
import { RolloutStore } from "./store.ts";

export interface RunOptions {
  readonly by: string;
  readonly signal: AbortSignal;
  readonly timeoutMs?: number | undefined;
  readonly onStep: (result: StepResult) => void;
  readonly onState: (state: RolloutState) => void;
}

/** What it does to the nodes. */
export interface Job {
  readonly work: Work & Disposable;
  /** Why an error means that somebody else has changed the nodes. */
  readonly overtakenBy: (error: unknown) => string | undefined;
}

/**
 * @param plan of a new roll-out
 * @param first such as an abort; none: it goes on where it was
 * @throws as `Executor.run`
 */
export async function carryOut(
  operator: Operator,
  rollout: Rollout,
  { work: its, overtakenBy }: Job,
  { signal, onState, plan, first }: RunOptions & {
    readonly plan?: AnyPlan;
    readonly first: readonly RolloutEvent[];
  },
): Promise<RolloutState> {
  using work = its;
  const early: RolloutEvent[] = first.length > 0 ? [...first] : [{ kind: "resume" }, { kind: "begin" }];
  let feed: (event: RolloutEvent) => void = (event) => early.push(event);
  using store = await RolloutStore.open(operator, rollout, plan, (order) => {
    feed(
      order.order === "abort"
        ? { kind: "abort", reverts: order.reverts, by: order.by }
        : { kind: order.order },
    );
  });
  const executor = new Executor(rollout.state, { work, store, signal, onState, overtakenBy });
  feed = (event) => executor.feed(event);
  early.forEach(feed);
  const state = await executor.run();
  const isFinal = state.phase.kind === "ended" &&
    (state.phase.how === "done" || state.phase.how === "rolled_back");
  if (isFinal) await store.forgetPlan();
  return state;
}
