/** The topics on which others reach an agent of this node, and on which others speak of it. */
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

/** How long the answer to a spawn waits for the broker's, in milliseconds. */
const ANSWER_MS = 2000;

interface Opened {
  readonly filters: readonly string[];
  /** The filters that the broker refuses, once it has answered. */
  readonly refused: Promise<readonly string[]>;
  isReported: boolean;
}

/** Invariant: that an agent cannot be reached is reported once while it is supervised. */
export class OwnTopics {
  readonly #of = new Map<string, Opened>();

  constructor(private readonly parts: OwnTopicParts) {}

  /** The agent has come under supervision. */
  open(agent: SupervisedAgent): void {
    const { name, actorId } = agent;
    const filters = [topics.task(name), topics.agentCommands(actorId), placementTopic(agent)];
    const refused = this.parts.link.subscribe(filters).then((all) => {
      if (all.length > 0) this.#report(name, all);
      return all.map(({ filter }) => filter);
    });
    this.#of.set(name, { filters, refused, isReported: false });
  }

  /** The agent has ended. @param isReplaced its successor gets what is sent to it in the meantime */
  close({ name }: SupervisedAgent, isReplaced: boolean): void {
    const opened = this.#of.get(name);
    this.#of.delete(name);
    if (!isReplaced && opened !== undefined) this.parts.link.unsubscribe(opened.filters);
  }

  /** The topics that the broker refuses; none, where it does not answer in time. */
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
    for (const [name, { filters }] of this.#of) {
      if (filters.includes(refused.filter)) this.#report(name, [refused]);
    }
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
