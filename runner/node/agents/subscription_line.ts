/** Subscriptions of agents that share a connection: one at the broker per distinct filter. */
import type { IncomingMessage, Link, LinkListener, RefusedFilter } from "../../link/link.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";
import { Delivered } from "./delivered.ts";
import { FilterIndex } from "./filter_index.ts";

export interface Subscription {
  readonly agent: SupervisedAgent;
  /** The agent's own number for it. */
  readonly id: number;
  readonly filter: string;
}

export interface LineParts {
  readonly open: (listener: LinkListener) => Link;
  /** Delivers a message to all of them. */
  readonly deliver: (message: IncomingMessage, to: readonly Subscription[]) => void;
  /** The broker refuses, on a later connection, a subscription that it had accepted before. */
  readonly onRefused: (subscription: Subscription, reason: string) => void;
}

/** Invariant: each subscription gets a topic's retained message once, and never after a message published since. */
export class SubscriptionLine {
  readonly #index = new FilterIndex<Subscription>();
  readonly #filters = new Map<string, Set<Subscription>>();
  /** Each message has its turn, and each subscription the turn in which it was made. */
  readonly #madeAt = new Map<Subscription, number>();
  readonly #delivered = new Delivered();
  readonly #link: Link;
  #turn = 0;

  constructor(private readonly parts: LineParts) {
    this.#link = parts.open({
      onMessage: (message) => this.#receive(message),
      // Retained messages may have changed while the link was down: all that arrive again count as new.
      onConnected: () => this.#delivered.clear(),
      onDisconnected: () => {},
      onRefused: ({ filter, reason }) =>
        this.#filters.get(filter)?.forEach((one) => parts.onRefused(one, reason)),
    });
  }

  get isEmpty(): boolean {
    return this.#filters.size === 0;
  }

  has(subscription: Subscription): boolean {
    return this.#madeAt.has(subscription);
  }

  /** Whether a message could match this filter and another one here. */
  overlaps(filter: string): boolean {
    return !this.#filters.has(filter) && this.#index.overlaps(filter);
  }

  /** @returns as `Link.subscribe` */
  add(subscription: Subscription): Promise<readonly RefusedFilter[]> {
    const { filter } = subscription;
    const sharers = this.#filters.get(filter);
    if (sharers === undefined) this.#filters.set(filter, new Set([subscription]));
    else sharers.add(subscription);
    this.#madeAt.set(subscription, this.#turn);
    this.#index.add(filter, subscription);
    return this.#link.subscribe([filter]);
  }

  remove(gone: readonly Subscription[]): void {
    const ours = gone.filter((subscription) => this.#madeAt.delete(subscription));
    for (const subscription of ours) {
      const { filter } = subscription;
      this.#index.remove(filter, subscription);
      const sharers = this.#filters.get(filter);
      sharers?.delete(subscription);
      if (sharers?.size === 0) this.#filters.delete(filter);
    }
    const unused = new Set(ours.map(({ filter }) => filter).filter((filter) => !this.#filters.has(filter)));
    if (unused.size > 0) this.#link.unsubscribe([...unused]);
  }

  async close(): Promise<void> {
    await this.#link.close(0);
  }

  #receive(message: IncomingMessage): void {
    const { topic, retained } = message;
    let matching = this.#index.matching(topic);
    if (retained) {
      // The broker sends it again whenever another agent subscribes to the filter.
      const last = this.#delivered.turnOf(topic) ?? -1;
      matching = matching.filter((subscription) => last < (this.#madeAt.get(subscription) ?? 0));
    }
    if (matching.length === 0) return;
    this.#delivered.add(topic, this.#turn);
    this.#turn += 1;
    this.parts.deliver(message, matching);
  }
}
