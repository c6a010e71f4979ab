/**
 * Asks nodes for what this server missed before it started: their agents' errors, and the configs of running agents,
 * which are needed to restart an agent that has ended.
 */
import { ExpectedError } from "../../../../protocol/expected_error.ts";
import { NoAnswerError, RefusedError } from "../../../commander.ts";
import { inspectOn } from "../../../operations/inspect.ts";
import { remembered } from "../../../operations/recent.ts";
import type { Operator } from "../../../operator.ts";
import type { Change } from "../model/change.ts";
import type { Model } from "../model/model.ts";

const PATIENCE_MS = 3000;
/** Maximum nodes to ask at the same time; the others are asked at their next heartbeats. */
const MAX_NODES_AT_ONCE = 4;

export interface LatecomerOptions {
  /** @throws Error while there is no connection to the broker */
  readonly operator: () => Operator;
  readonly model: Model;
  readonly onChanges: (changes: readonly Change[]) => void;
  readonly onError: (error: unknown) => void;
  readonly nowMs: () => number;
}

/** What this server has asked one process of a node. */
interface Asked {
  readonly instance: string | undefined;
  /** The agents already asked about, with the config known at that time. */
  readonly agents: Map<string, unknown>;
  /** The node refuses or does not answer: do not ask it again. */
  isSilent: boolean;
}

/** Invariants: one request per node at a time; a node that refuses is not asked again until it restarts. */
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
    // Ask again if the agent has been spawned again since.
    return spawns.isUnsure(agent) && !(agents.has(agent) && agents.get(agent) === spawns.of(agent));
  }

  #failed(error: unknown): void {
    // The connection is lost: the node is asked again when it restarts.
    if (!(error instanceof ExpectedError)) this.options.onError(error);
  }
}

/** Not a refusal: the agent has ended in the meantime. */
function isRefusal(error: unknown): boolean {
  return error instanceof NoAnswerError || (error instanceof RefusedError && error.refusal !== undefined);
}
