/** Agents that come from another node: they wait for its word before they begin. */
import { topics } from "../../../protocol/topics.ts";
import type { Clock } from "../../clock.ts";
import type { Link } from "../../link/link.ts";
import type { StateFiles } from "../../store/state_files.ts";
import type { RegistryEntry } from "../../store/registry_entry.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";
import { Refusal } from "../../../protocol/signing/refusal.ts";
import { sealHolds } from "./migration_seals.ts";
import type { Roster } from "../agents/roster.ts";
import type { Tasks } from "../agents/tasks.ts";

export interface ArrivalParts {
  readonly node: string;
  readonly link: Link;
  readonly clock: Clock;
  readonly roster: Roster;
  readonly tasks: Tasks;
  readonly stateFiles: StateFiles;
}

/** The old node's word should come at once; when it does not, it is asked for. */
const ASK_SOON_MS = 1000;
/** So often soon, then seldom: the old node may be away for good. */
const ASKS_SOON = 10;
const ASK_SELDOM_MS = 5000;

interface Waiting {
  readonly agent: SupervisedAgent;
  readonly from: string;
  /** The key of the old node's decisions, if it has one. */
  readonly key: string | undefined;
  /** Decisions of somebody else have been reported: they may come in any number. */
  hasComplained: boolean;
  readonly decided: AbortController;
}

/**
 * Invariant: `process()` of an agent that waits here is not called before the old node has let go of it, unless an
 * operator says so.
 */
export class Arrivals {
  readonly #waiting = new Map<string, Waiting>();

  constructor(private readonly parts: ArrivalParts) {}

  /** An agent has been started that waits for its old node. */
  async begin(
    agent: SupervisedAgent,
    { id, from, key }: NonNullable<RegistryEntry["arriving"]>,
  ): Promise<void> {
    const decided = new AbortController();
    this.#waiting.set(id, { agent, from, key, hasComplained: false, decided });
    void agent.ended.then(() => {
      this.#waiting.delete(id);
      decided.abort();
    });
    const waitMs = (asked: number) => asked < ASKS_SOON ? ASK_SOON_MS : ASK_SELDOM_MS;
    for (let asked = 0; await this.parts.clock.sleep(waitMs(asked), decided.signal); asked++) {
      this.#ask(id, agent, from);
    }
  }

  /** The link is back: the old node's word may have been lost with the broker, or with the process before this one. */
  connected(): void {
    for (const [id, { agent, from }] of this.#waiting) this.#ask(id, agent, from);
  }

  /** It runs here, and waits: its old node need not believe what anybody says on the agent's own topics. */
  ready(agent: SupervisedAgent): void {
    for (const [id, waiting] of this.#waiting) {
      if (waiting.agent === agent) this.#ask(id, agent, waiting.from);
    }
  }

  /** Whether the agent waits here because of that very migration: its spawn has come twice. */
  has(id: string): boolean {
    return this.#waiting.has(id);
  }

  /**
   * The old node has let go of the agent, or keeps it.
   * @throws Refusal when it is somebody else who says so
   */
  async decide(id: string, decision: "commit" | "abort", seal: unknown): Promise<void> {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    const { agent: { name }, from, key } = waiting;
    if (
      key !== undefined && !sealHolds(key, { id, agent: name, from, to: this.parts.node, decision }, seal)
    ) {
      if (waiting.hasComplained) return;
      waiting.hasComplained = true;
      throw new Refusal(
        "unsealed_decision",
        `Refused a ${decision} of the move of '${name}': node '${from}' has not sealed it`,
      );
    }
    this.#waiting.delete(id);
    waiting.decided.abort();
    const { agent } = waiting;
    if (decision === "commit") await this.#settleIn(agent);
    else await this.#sendBack(agent);
  }

  /** An operator says that the old node is gone for good: the agent begins. Should it answer after all, that counts. */
  force(agent: SupervisedAgent): void {
    if (![...this.#waiting.values()].some((waiting) => waiting.agent === agent)) return;
    agent.release();
    if (agent.isReady) this.parts.tasks.ready(agent);
  }

  /** The id has come with the agent: that this node knows it proves that it has been given the agent. */
  #ask(id: string, agent: SupervisedAgent, from: string): void {
    const { visibleState } = agent;
    const hasArrived = visibleState === "running" || visibleState === "paused";
    const question = { id, agent: agent.name, from: this.parts.node, query: true };
    void this.parts.link.publish({
      topic: topics.node(from, "migration"),
      payload: JSON.stringify(hasArrived ? { ...question, arrived: true } : question),
      qos: 1,
      retain: false,
      class: "control",
    });
  }

  async #settleIn(agent: SupervisedAgent): Promise<void> {
    await this.parts.roster.update(agent.name, ({ arriving: _arriving, ...entry }) => entry);
    agent.release();
    if (agent.isReady) this.parts.tasks.ready(agent);
  }

  /** It runs on where it was: nothing of it stays here. */
  async #sendBack(agent: SupervisedAgent): Promise<void> {
    await this.parts.roster.drop(agent.name);
    await agent.stop("migrate");
    await this.parts.stateFiles.remove(agent.name);
  }
}
