/**
 * Asks nodes for what was before this server listened: the errors of their agents, and the configs of those that run, so
 * that an agent can be started again after its end.
 */
import { ExpectedError } from "../../../../protocol/expected_error.ts";
import { NoAnswerError, RefusedError } from "../../../commander.ts";
import { inspectOn } from "../../../operations/inspect.ts";
import { remembered } from "../../../operations/recent.ts";
import type { Operator } from "../../../operator.ts";
import type { Change } from "../model/change.ts";
import type { Model } from "../model/model.ts";

const PATIENCE_MS = 3000;
/** Nodes that are asked at the same time; the others are asked with their next heartbeats. */
const MAX_NODES_AT_ONCE = 4;

export interface LatecomerOptions {
  /** @throws Error while there is no connection to the broker */
  readonly operator: () => Operator;
  readonly model: Model;
  readonly onChanges: (changes: readonly Change[]) => void;
  readonly onError: (error: unknown) => void;
  readonly nowMs: () => number;
}

/** What was asked of one process of a node. */
interface Asked {
  readonly instance: string | undefined;
  /** The agents that were asked for, with what was known of their configs then. */
  readonly agents: Map<string, unknown>;
  /** It refuses, or does not answer: it is left alone. */
  isSilent: boolean;
}

/** Invariants: a node is asked one question at a time; one that refuses is not asked again before it has started anew. */
export class Latecomer implements AsyncDisposable {
  readonly #asked = new Map<string, Asked>();
  readonly #busy = new Map<string, Promise<void>>();
  #hasEnded = false;

  constructor(private readonly options: LatecomerOptions) {}

  /** Call when a node has reported. */
  noteNode(name: string): void {
    const node = this.options.model.fleet.node(name);
    if (this.#hasEnded || node?.isOnline !== true || node.lastSeenMs === undefined) return;
    if (this.#busy.has(name) || this.#busy.size >= MAX_NODES_AT_ONCE) return;
    const before = this.#asked.get(name);
    const isNew = before === undefined || before.instance !== node.instance;
    const asked = isNew ? { instance: node.instance, agents: new Map(), isSilent: false } : before;
    this.#asked.set(name, asked);
    const unsure = node.agents.filter((agent) => this.#isDue(agent, asked));
    if (asked.isSilent || (!isNew && unsure.length === 0)) return;
    const asking = this.#ask(name, asked, isNew).catch((error) => this.#failed(error)).finally(() =>
      this.#busy.delete(name)
    );
    this.#busy.set(name, asking);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#hasEnded = true;
    await Promise.all(this.#busy.values());
  }

  async #ask(node: string, asked: Asked, isNew: boolean): Promise<void> {
    const { operator, model, onChanges, nowMs } = this.options;
    if (isNew) {
      const errors = await remembered(operator(), node, "errors");
      if (errors === undefined) asked.isSilent = true;
      else onChanges(model.recall(node, errors, nowMs()));
    }
    for (const agent of model.fleet.node(node)?.agents ?? []) {
      if (asked.isSilent || this.#hasEnded) return;
      if (!this.#isDue(agent, asked)) continue;
      asked.agents.set(agent, model.spawns.of(agent));
      try {
        model.spawns.learn((await inspectOn(operator(), node, agent, { timeoutMs: PATIENCE_MS })).config);
      } catch (error) {
        asked.isSilent = isRefusal(error);
        if (!(error instanceof ExpectedError)) throw error;
      }
    }
  }

  #isDue(agent: string, { agents }: Asked): boolean {
    const { spawns } = this.options.model;
    // One that was spawned again since is asked for again.
    return spawns.isUnsure(agent) && !(agents.has(agent) && agents.get(agent) === spawns.of(agent));
  }

  #failed(error: unknown): void {
    // The connection is gone: the node is asked again when it starts anew.
    if (!(error instanceof ExpectedError)) this.options.onError(error);
  }
}

/** An agent that has ended meanwhile is no refusal of the node's. */
function isRefusal(error: unknown): boolean {
  return error instanceof NoAnswerError || (error instanceof RefusedError && error.refusal !== undefined);
}
