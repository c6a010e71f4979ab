/** The topics on which others reach an agent of this node, and report about it. */
import { topics } from "../../../protocol/topics.ts";
import type { Clock } from "../../clock.ts";
import type { Link, RefusedFilter } from "../../link/link.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";
import type { Reporter } from "../reports/reporter.ts";
import { placementTopic } from "./placements.ts";

export interface OwnTopicParts {
  readonly link: Pick<Link, "subscribe" | "unsubscribe">;
  readonly reporter: Pick<Reporter, "nodeLog">;
  readonly clock: Pick<Clock, "sleep">;
}

/** How long the answer to a spawn waits for the broker to answer the subscriptions, in milliseconds. */
const ANSWER_MS = 2000;

/** The same topics of all agents, on all nodes. */
const OF_ALL = [topics.task("+"), topics.agentCommands("+"), topics.agent("+", "heartbeat")];

interface Opened {
  readonly filters: readonly string[];
  /** The filters that the broker refuses, once it has answered. */
  refused: Promise<readonly string[]>;
  isReported: boolean;
}

/**
 * Some brokers limit the subscriptions of a client. Where one refuses those of an agent, the node subscribes to the topics
 * of all agents instead, and ignores what is for other nodes. It never has both: most brokers would send everything twice.
 *
 * Invariant: that an agent cannot be reached is reported once while it is supervised.
 */
export class OwnTopics {
  readonly #of = new Map<string, Opened>();
  #areForAll = false;
  /** Settles when it is known whether the broker takes the subscriptions for all. */
  #forAll: Promise<boolean> | undefined;

  constructor(private readonly parts: OwnTopicParts) {}

  /** The agent has come under supervision. */
  open(agent: SupervisedAgent): void {
    const { name, actorId } = agent;
    const filters = [topics.task(name), topics.agentCommands(actorId), placementTopic(agent)];
    const opened: Opened = { filters, refused: Promise.resolve([]), isReported: false };
    this.#of.set(name, opened);
    if (!this.#areForAll) opened.refused = this.#subscribe(name, filters);
  }

  /** Whether the node also gets messages for agents on other nodes. */
  get areForAll(): boolean {
    return this.#areForAll;
  }

  /** The agent has ended. @param isReplaced its successor gets what is sent to it in the meantime */
  close({ name }: SupervisedAgent, isReplaced: boolean): void {
    const opened = this.#of.get(name);
    this.#of.delete(name);
    if (isReplaced || opened === undefined || this.#areForAll) return;
    this.parts.link.unsubscribe(opened.filters);
  }

  /** The topics that the broker refuses; none if it does not answer in time. */
  async refusedOf(agent: string): Promise<readonly string[]> {
    const refused = this.#of.get(agent)?.refused;
    if (refused === undefined) return [];
    const answered = new AbortController();
    const late = this.parts.clock.sleep(ANSWER_MS, answered.signal).then(() => []);
    try {
      return await Promise.race([refused, late]);
    } finally {
      answered.abort();
    }
  }

  /** The broker refuses, on a later connection, what it had accepted before. */
  onRefused(refused: RefusedFilter): void {
    if (OF_ALL.includes(refused.filter)) return this.#giveUpAll();
    for (const [name, { filters }] of this.#of) {
      if (filters.includes(refused.filter)) void this.#instead(name, [refused]);
    }
  }

  async #subscribe(agent: string, filters: readonly string[]): Promise<readonly string[]> {
    const refused = await this.parts.link.subscribe(filters);
    return refused.length === 0 ? [] : await this.#instead(agent, refused);
  }

  /** An agent's own topics are refused. @returns those on which it cannot be reached */
  async #instead(agent: string, refused: readonly RefusedFilter[]): Promise<readonly string[]> {
    if (await (this.#forAll ??= this.#subscribeToAll(refused))) return [];
    this.#report(agent, refused);
    return refused.map(({ filter }) => filter);
  }

  async #subscribeToAll([first]: readonly RefusedFilter[]): Promise<boolean> {
    const { link, reporter } = this.parts;
    this.#areForAll = true;
    // Unsubscribe first, to make room for the others.
    link.unsubscribe([...this.#of.values()].flatMap(({ filters }) => filters));
    const refused = await link.subscribe(OF_ALL);
    if (refused.length > 0) this.#giveUpAll();
    if (!this.#areForAll) return false;
    reporter.nodeLog(
      "log",
      `The broker refuses the node a subscription to ${first?.filter} (${first?.reason}). The node now subscribes to ` +
        `${OF_ALL.join(", ")} instead, and ignores what is for agents on other nodes`,
    );
    return true;
  }

  /** Back to the topics of each agent, for good: what the broker refuses of them is then reported. */
  #giveUpAll(): void {
    if (!this.#areForAll) return;
    this.#areForAll = false;
    this.#forAll = Promise.resolve(false);
    this.parts.link.unsubscribe(OF_ALL);
    for (const [name, opened] of this.#of) opened.refused = this.#subscribe(name, opened.filters);
  }

  #report(agent: string, refused: readonly RefusedFilter[]): void {
    const opened = this.#of.get(agent);
    if (opened === undefined || opened.isReported) return;
    opened.isReported = true;
    const filters = refused.map(({ filter }) => filter).join(", ");
    this.parts.reporter.nodeLog(
      "error",
      `Agent '${agent}' runs, but others cannot reach it on ${filters}: ${
        refused[0]?.reason
      }. A broker may also limit ` +
        "how many subscriptions a client has: allow more, or run fewer agents on this node",
      { child_name: agent },
    );
  }
}
