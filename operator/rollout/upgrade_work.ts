/** What a roll-out of a runner does to the nodes. A node keeps the releases before, so it can go back. */
import { pause } from "../../protocol/abort.ts";
import { NoAnswerError, RefusedError } from "../commander.ts";
import { stateOf } from "../fleet/views.ts";
import { survey } from "../operations/survey.ts";
import { upgradeNode, type UpgradeOrder } from "../operations/upgrade.ts";
import { OperationError, type Operator } from "../operator.ts";
import type { Work } from "./executor.ts";
import { HealthWatch, isWell, listedAgents } from "./health.ts";
import { inTurns } from "./in_turns.ts";
import { pauseUntil } from "./pause_until.ts";
import type { Outcome } from "./state.ts";
import { overtaken, type UpgradePlan } from "./upgrade_plan.ts";

/** How many nodes get the runner at once: each has half a megabyte to fetch. */
const MAX_AT_ONCE = 8;
/** How long the agents of a node may take until they run again. */
const RETURN_MS = 60_000;
const LOOK_AGAIN_MS = 1000;

export class UpgradeWork implements Work, Disposable {
  constructor(
    private readonly operator: Operator,
    private readonly plan: UpgradePlan,
    private readonly timeoutMs: number = RETURN_MS,
  ) {}

  async look(): Promise<readonly string[]> {
    await survey(this.operator);
    return Object.keys(this.plan.before).filter((node) => this.#isOff(node));
  }

  async change(
    nodes: readonly string[],
    _changed: readonly string[],
    tell: (outcomes: Readonly<Record<string, Outcome>>) => void,
    signal: AbortSignal,
  ): Promise<void> {
    await survey(this.operator);
    const outcomes = await inTurns(nodes, MAX_AT_ONCE, async (node): Promise<[string, Outcome]> => {
      if (this.#isOff(node)) return [node, { kind: "pending", why: "it is off: upgrade it when it is back" }];
      const why = overtaken(this.plan, node, this.#release(node)) ??
        await this.#use(node, this.plan.release, this.plan.order, signal);
      return [node, why === undefined ? { kind: "ok" } : { kind: "failed", why }];
    });
    tell(Object.fromEntries(outcomes));
  }

  async soak(
    nodes: readonly string[],
    untilMs: number,
    tell: (node: string, why: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const places = nodes.flatMap((node) => this.#agents(node).map((agent) => ({ node, agent })));
    using health = await HealthWatch.open(this.operator, nodes, places);
    await health.begin(tell);
    await pauseUntil(untilMs, signal);
    if (signal.aborted) return;
    await health.end();
    await survey(this.operator);
    for (const node of nodes) {
      const release = this.#release(node);
      if (release !== this.plan.release) tell(node, `it runs release ${release ?? "?"} again`);
    }
  }

  async restore(
    nodes: readonly string[],
    _changed: readonly string[],
    signal: AbortSignal,
  ): Promise<Readonly<Record<string, string>>> {
    await survey(this.operator);
    // Others did not take it, or have gone back by themselves.
    const have = nodes.filter((node) => this.#release(node) === this.plan.release);
    const failures = await inTurns(have, MAX_AT_ONCE, async (node) => {
      const release = this.plan.before[node]?.release ?? "";
      if (this.#isOff(node)) return [node, "it is off, and keeps the new runner"] as const;
      return [node, await this.#use(node, release, { release }, signal)] as const;
    });
    return Object.fromEntries(failures.flatMap(([node, why]) => why === undefined ? [] : [[node, why]]));
  }

  [Symbol.dispose](): void {}

  /** Has a node run a release, with its agents. @returns why it does not */
  async #use(
    node: string,
    release: string,
    order: UpgradeOrder,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    try {
      if (this.#release(node) !== release) {
        const { trialSeconds } = this.plan;
        await upgradeNode(this.operator, node, order, { trialSeconds, signal, onTaken: () => {} });
      }
      return await this.#returned(node, signal);
    } catch (error) {
      const isExpected = error instanceof OperationError || error instanceof RefusedError ||
        error instanceof NoAnswerError;
      if (isExpected) return error.message;
      throw error;
    }
  }

  /** Waits for the agents that ran before. @returns which one does not run */
  async #returned(node: string, signal: AbortSignal): Promise<string | undefined> {
    const until = performance.now() + this.timeoutMs;
    for (;;) {
      const listed = await listedAgents(this.operator, node);
      const agent = this.#agents(node).find((each) => !isWell(listed?.get(each)));
      if (agent === undefined && listed !== undefined) return undefined;
      if (performance.now() >= until || signal.aborted) {
        return listed === undefined ? "the node does not answer" : `${agent} does not run again`;
      }
      await pause(LOOK_AGAIN_MS, signal);
    }
  }

  #isOff(node: string): boolean {
    const view = this.operator.fleet.node(node);
    return view === undefined || stateOf(view, Date.now()) === "offline";
  }

  #agents(node: string): readonly string[] {
    return this.plan.before[node]?.agents ?? [];
  }

  #release(node: string): string | undefined {
    return this.operator.fleet.node(node)?.release;
  }
}
