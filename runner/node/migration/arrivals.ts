/** Agents that arrive from another node: they wait for its decision before they process anything. */
import { topics } from "../../../protocol/topics.ts";
import type { Clock } from "../../clock.ts";
import type { Link } from "../../link/link.ts";
import type { StateFiles } from "../../store/state_files.ts";
import type { RegistryEntry } from "../../store/registry_entry.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";
import { Refusal } from "../../../protocol/signing/refusal.ts";
import { isJsonObject } from "../../../protocol/json.ts";
import { isName } from "../../../protocol/names.ts";
import {
  type Decision,
  decisionText,
  digestOf,
  isSealedBy,
  type Move,
  type Offer,
  offerText,
  type Progress,
  progressText,
} from "../../../protocol/signing/statements.ts";
import { type HandOver, handOverIn } from "../../trust/hand_over.ts";
import type { NodeKey } from "../../trust/node_key.ts";
import type { Peers } from "./peers.ts";
import type { Roster } from "../agents/roster.ts";
import type { Tasks } from "../agents/tasks.ts";

export interface ArrivalParts {
  readonly node: string;
  readonly link: Link;
  readonly clock: Clock;
  readonly roster: Roster;
  readonly tasks: Tasks;
  readonly stateFiles: StateFiles;
  readonly key: NodeKey;
  readonly peers: Peers;
  readonly isRunning: (agent: string) => boolean;
}

/** Other nodes choose the ids of moves. */
const MAX_ID_CHARS = 128;

/** The old node's decision should come at once; if it does not, this node asks for it. */
const ASK_SOON_MS = 1000;
/** How many times to ask often; then rarely, because the old node may be gone for good. */
const ASKS_SOON = 10;
const ASK_SELDOM_MS = 5000;

interface Waiting {
  readonly agent: SupervisedAgent;
  readonly move: Move;
  /** The key of the old node's decisions, if it has one. */
  readonly key: string | undefined;
  /** The hash of what the old node signed, if it did. */
  readonly handOver: string;
  /** Whether forged decisions have been reported: there may be any number of them. */
  hasComplained: boolean;
  readonly decided: AbortController;
}

/**
 * Invariant: `process()` of a waiting agent is not called before the old node has released it, unless an operator
 * orders it.
 */
export class Arrivals {
  readonly #waiting = new Map<string, Waiting>();

  constructor(private readonly parts: ArrivalParts) {}

  /**
   * Another node asks whether this one accepts an agent.
   * @returns the signed answer; `undefined` if the message is not such a question
   */
  async offer(json: unknown): Promise<Readonly<Record<string, unknown>> | undefined> {
    if (!isJsonObject(json) || !isJsonObject(json.move)) return undefined;
    const { id, agent, from } = json.move;
    if (typeof id !== "string" || id.length > MAX_ID_CHARS || !isName(agent) || !isName(from)) {
      return undefined;
    }
    const { key, peers, node, isRunning } = this.parts;
    const isStranger = peers.demandsProof && !await peers.know(from);
    const offer: Offer = isStranger ? "stranger" : isRunning(agent) ? "taken" : "free";
    const text = offerText({ id, agent, from, to: node }, key.box, offer);
    return { id, agent, from, offer, box: key.box, seal: key.seal(text) };
  }

  /** The agent's persisted state from its old node. @throws Error when it was not sealed for this node and this move */
  async stateIn({ move, sealed }: HandOver): Promise<Readonly<Record<string, unknown>> | undefined> {
    if (sealed === undefined) return undefined;
    const state: unknown = JSON.parse(await this.parts.key.open(sealed, move));
    if (!isJsonObject(state)) throw new Error("it is no object");
    return state;
  }

  /** An agent has been started that waits for its old node. */
  async begin(agent: SupervisedAgent, arriving: NonNullable<RegistryEntry["arriving"]>): Promise<void> {
    const { id, from, key, hand_over: handOver = "" } = arriving;
    const move = { id, agent: agent.name, from, to: this.parts.node };
    const decided = new AbortController();
    this.#waiting.set(id, { agent, move, key, handOver, hasComplained: false, decided });
    void agent.ended.then((outcome) => {
      decided.abort();
      // It no longer waits: a decision has ended it.
      if (!this.#waiting.delete(id)) return;
      const reason = outcome.kind === "failed" ? outcome.error : `it was ended there (${outcome.reason})`;
      this.#report(move, handOver, "refused", reason);
    });
    const waitMs = (asked: number) => asked < ASKS_SOON ? ASK_SOON_MS : ASK_SELDOM_MS;
    for (let asked = 0; await this.parts.clock.sleep(waitMs(asked), decided.signal); asked++) this.#ask(id);
  }

  /** The link is back: the old node's decision may have been lost with the broker, or with the previous process. */
  connected(): void {
    for (const id of this.#waiting.keys()) this.#ask(id);
  }

  /** Reports that it runs here and waits: the old node need not trust messages on the agent's own topics. */
  ready(agent: SupervisedAgent): void {
    for (const [id, waiting] of this.#waiting) if (waiting.agent === agent) this.#ask(id);
  }

  /** Reports that its dependencies are being fetched, which takes a while. */
  installing(agent: string): void {
    for (const { move, handOver } of this.#waiting.values()) {
      if (move.agent === agent) this.#report(move, handOver, "installing");
    }
  }

  /** A spawn has been refused: tells the node that hands the agent over, if that node sent it. */
  async refuse(json: unknown, reason: string): Promise<void> {
    const { node, peers } = this.parts;
    const handOver = handOverIn(json, node);
    if (handOver?.seal === undefined || this.#waiting.has(handOver.move.id)) return;
    const { move, text, seal } = handOver;
    if (await peers.believe(move.from, text, seal)) this.#report(move, digestOf(text), "refused", reason);
  }

  /** Whether the agent already waits here because of this migration: its spawn has come twice. */
  has(id: string): boolean {
    return this.#waiting.has(id);
  }

  /**
   * The old node has released the agent, or keeps it.
   * @throws Refusal when somebody else sent the decision
   */
  async decide(id: string, decision: Decision, seal: unknown): Promise<void> {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    const { agent, move } = waiting;
    const isProved = await this.#isDecided(waiting, decision, seal);
    // Another message may have decided in the meantime.
    if (this.#waiting.get(id) !== waiting) return;
    if (!isProved) {
      if (waiting.hasComplained) return;
      waiting.hasComplained = true;
      throw new Refusal(
        "unsealed_decision",
        `Refused a ${decision} of the move of '${agent.name}': node '${move.from}' has not sealed it`,
      );
    }
    this.#waiting.delete(id);
    waiting.decided.abort();
    if (decision === "commit") await this.#settleIn(agent);
    else await this.#sendBack(agent);
  }

  async #isDecided({ move, key }: Waiting, decision: Decision, seal: unknown): Promise<boolean> {
    const { peers } = this.parts;
    const text = decisionText(move, decision);
    if (peers.demandsProof) return await peers.hasSaid(move.from, text, seal);
    return key === undefined || isSealedBy(key, text, seal);
  }

  /** An operator says that the old node is gone for good: the agent begins. If the old node still answers, that counts. */
  force(agent: SupervisedAgent): void {
    if (![...this.#waiting.values()].some((waiting) => waiting.agent === agent)) return;
    agent.release();
    if (agent.isReady) this.parts.tasks.ready(agent);
  }

  #ask(id: string): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    const { agent: { visibleState }, move, handOver } = waiting;
    const hasArrived = visibleState === "running" || visibleState === "paused";
    this.#report(move, handOver, hasArrived ? "arrived" : "waiting");
  }

  /** Reports the agent's progress to the old node, which also asks whether the agent may begin. */
  #report(move: Move, handOver: string, progress: Progress, reason = ""): void {
    const { key, link, node } = this.parts;
    const report = {
      id: move.id,
      agent: move.agent,
      from: node,
      query: true,
      ...(progress === "arrived" ? { arrived: true } : {}),
      progress,
      ...(reason === "" ? {} : { reason }),
      hand_over: handOver,
      seal: key.seal(progressText(move, handOver, progress, reason)),
    };
    void link.publish({
      topic: topics.node(move.from, "migration"),
      payload: JSON.stringify(report),
      qos: 1,
      retain: false,
      class: "control",
    });
  }

  async #settleIn(agent: SupervisedAgent): Promise<void> {
    const recorded = this.parts.roster.update(agent.name, ({ arriving: _arriving, ...entry }) => entry);
    // It need not wait for the disk: after a crash in between, this node asks again, and gets the same answer.
    agent.release();
    if (agent.isReady) this.parts.tasks.ready(agent);
    await recorded;
  }

  /** It keeps running on its old node: removes every trace of it here. */
  async #sendBack(agent: SupervisedAgent): Promise<void> {
    await this.parts.roster.drop(agent.name);
    await agent.stop("migrate");
    await this.parts.stateFiles.remove(agent.name);
  }
}
