/** Subscriptions of agents that share a connection: one at the broker per distinct filter. */
import type { IncomingMessage, Link, LinkListener, OutgoingMessage, RefusedFilter } from "../../link/link.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";
import { Delivered } from "./delivered.ts";
import { Echoes, fingerprint } from "./echoes.ts";
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
  /** Whether a retained message of this node on that topic may not have reached the broker yet. */
  readonly isToBeKept: (topic: string) => boolean;
  readonly nowMs: () => number;
  /** The broker refuses, on a later connection, a subscription that it had accepted before. */
  readonly onRefused: (subscription: Subscription, reason: string) => void;
}

/**
 * Invariants: each subscription gets a topic's retained message once, and never after a message published since; the
 * broker's copies of this node's own messages are not delivered.
 */
export class SubscriptionLine {
  readonly #index = new FilterIndex<Subscription>();
  readonly #filters = new Map<string, Set<Subscription>>();
  /** The turn in which each subscription was made. Each message has a turn, too. */
  readonly #madeAt = new Map<Subscription, number>();
  readonly #delivered = new Delivered();
  readonly #echoes = new Echoes();
  readonly #link: Link;
  #turn = 0;

  constructor(private readonly parts: LineParts) {
    this.#link = parts.open({
      onMessage: (message) => this.#receive(message),
      // From here on, the broker may send copies of what this node publishes.
      onOpening: () => {
        // Retained messages may have changed while the link was down: those that have count as new.
        this.#delivered.clear();
        this.#echoes.up();
      },
      onConnected: () => {},
      onDisconnected: () => this.#echoes.down(),
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

  matching(topic: string): Subscription[] {
    return this.#index.matching(topic);
  }

  /** A message of this node has been delivered here, and is on its way to the broker. */
  handedOver(message: OutgoingMessage): void {
    this.#delivered.addOwn(message.topic, this.#turn, message.retain ? fingerprint(message) : undefined);
    this.#turn += 1;
  }

  /** A message of the node is sent to the broker. */
  sent(message: OutgoingMessage): void {
    const count = this.#filtersFor(message.topic);
    if (count > 0) this.#echoes.sent(message, count);
  }

  /** A message of the node was in flight when a subscription was made. */
  underWay(message: OutgoingMessage): void {
    const count = this.#filtersFor(message.topic);
    if (count > 0) this.#echoes.underWay(message, count);
  }

  acknowledged(message: OutgoingMessage): void {
    this.#echoes.acknowledged(message, this.parts.nowMs());
  }

  broken(message: OutgoingMessage): void {
    this.#echoes.broken(message);
  }

  /** The node itself is connected again. */
  reconnected(): void {
    this.#echoes.reconnected(this.parts.nowMs());
  }

  /** Some brokers send a copy for each filter that matches. */
  #filtersFor(topic: string): number {
    return new Set(this.#index.matching(topic).map(({ filter }) => filter)).size;
  }

  #receive(message: IncomingMessage): void {
    const { topic, retained } = message;
    const isEcho = this.#echoes.heard(message, this.parts.nowMs());
    if (!retained) {
      const matching = isEcho ? [] : this.#index.matching(topic);
      return this.#deliver(message, matching);
    }
    // What the node has published since is newer.
    if (this.#awaitsNewer(topic)) return;
    const print = fingerprint(message);
    // The broker sends it again whenever another agent subscribes to the filter.
    const last = this.#delivered.turnOf(topic, print) ?? -1;
    const isNews = (subscription: Subscription) => last < (this.#madeAt.get(subscription) ?? 0);
    this.#deliver(message, this.#index.matching(topic).filter(isNews), print);
  }

  #awaitsNewer(topic: string): boolean {
    return this.parts.isToBeKept(topic) || this.#echoes.awaitsRetained(topic, this.parts.nowMs());
  }

  #deliver(message: IncomingMessage, to: readonly Subscription[], print?: string): void {
    if (to.length === 0) return;
    this.#delivered.add(message.topic, this.#turn, print);
    this.#turn += 1;
    this.parts.deliver(message, to);
  }
}
