/** The subscriptions of agents: one at the broker for all agents that share a filter. */
import type { WirePayload } from "../../../protocol/frames.ts";
import type { IncomingMessage, Link, LinkListener } from "../../link/link.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";
import { FilterIndex } from "./filter_index.ts";

/** Retained topics that are remembered per agent, so that each is delivered once for each subscription. */
const MAX_SEEN = 10_000;

/** No pipe to an agent takes more; whoever has a connection of his own may publish far more. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

interface Subscription {
  readonly agent: SupervisedAgent;
  /** The agent's own number for it. */
  readonly id: number;
  readonly filter: string;
  /** Retained topics it has had: the broker sends them again whenever somebody else subscribes to the filter. */
  readonly seen: Set<string>;
}

/** What one agent listens to. */
interface Desk {
  readonly subscriptions: Set<Subscription>;
  /** Retained topics that its subscriptions remember, all together. */
  seen: number;
}

/** Invariant: what is remembered of an agent is bounded, whatever is retained at the broker. */
export class Subscriptions {
  readonly #desks = new Map<SupervisedAgent, Desk>();
  readonly #index = new FilterIndex<Subscription>();
  #link: Link | undefined;

  /**
   * @param open opens a link of their own: what agents listen to must not keep the node's commands waiting
   * @param limitOf how many an agent may have
   */
  constructor(
    private readonly open: (listener: LinkListener) => Link,
    private readonly limitOf: (agent: string) => number,
  ) {}

  /**
   * Resolves when the broker has confirmed it, or at once while the link is away.
   * @returns why it is refused; `undefined` when it is not
   */
  async add(agent: SupervisedAgent, id: number, filter: string): Promise<string | undefined> {
    const desk = this.#desks.get(agent) ?? { subscriptions: new Set(), seen: 0 };
    const limit = this.limitOf(agent.name);
    if (desk.subscriptions.size >= limit) return `an agent may have up to ${limit} subscriptions`;
    this.#desks.set(agent, desk);
    const subscription = { agent, id, filter, seen: new Set<string>() };
    desk.subscriptions.add(subscription);
    this.#index.add(filter, subscription);
    this.#link ??= this.open({
      onMessage: (message) => this.#deliver(message),
      onConnected: () => this.#reconnected(),
      onDisconnected: () => {},
    });
    await this.#link.subscribe([filter]);
    return undefined;
  }

  remove(agent: SupervisedAgent, id: number): void {
    const all = [...this.#desks.get(agent)?.subscriptions ?? []];
    this.#remove(agent, all.filter((subscription) => subscription.id === id));
  }

  /** The agent's process has ended, and its handlers with it. */
  removeAll(agent: SupervisedAgent): void {
    this.#remove(agent, [...this.#desks.get(agent)?.subscriptions ?? []]);
    this.#desks.delete(agent);
  }

  /** What is retained may have changed while the link was away: all that comes again counts as new. */
  #reconnected(): void {
    for (const desk of this.#desks.values()) {
      desk.seen = 0;
      for (const { seen } of desk.subscriptions) seen.clear();
    }
  }

  async close(): Promise<void> {
    await this.#link?.close(0);
  }

  /** Hands a message to every agent that has asked for it: once, with all its subscriptions that match. */
  #deliver(message: IncomingMessage): void {
    // Before anything is made of it.
    if (message.payload.length > MAX_MESSAGE_BYTES) return;
    const ids = new Map<SupervisedAgent, number[]>();
    for (const subscription of this.#index.matching(message.topic)) {
      if (!this.#isNew(subscription, message)) continue;
      const known = ids.get(subscription.agent);
      if (known === undefined) ids.set(subscription.agent, [subscription.id]);
      else known.push(subscription.id);
    }
    if (ids.size === 0) return;
    const payload = toWire(message.payload);
    for (const [agent, subscriptions] of ids) {
      agent.counters.messages += 1;
      // In the order in which they were made, which is that of their numbers.
      subscriptions.sort((a, b) => a - b);
      agent.send({ t: "message", subscriptions, topic: message.topic, ...payload });
    }
  }

  #isNew({ agent, seen }: Subscription, { retained, topic }: IncomingMessage): boolean {
    if (!retained) return true;
    if (seen.has(topic)) return false;
    const desk = this.#desks.get(agent);
    if (desk !== undefined && desk.seen < MAX_SEEN) {
      desk.seen += 1;
      seen.add(topic);
    }
    return true;
  }

  #remove(agent: SupervisedAgent, gone: readonly Subscription[]): void {
    const desk = this.#desks.get(agent);
    for (const subscription of gone) {
      desk?.subscriptions.delete(subscription);
      if (desk !== undefined) desk.seen -= subscription.seen.size;
      this.#index.remove(subscription.filter, subscription);
    }
    this.#link?.unsubscribe(gone.map(({ filter }) => filter).filter((filter) => !this.#index.has(filter)));
  }
}

function toWire(payload: Uint8Array): WirePayload {
  try {
    return { text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(payload) };
  } catch {
    // Not text: bytes go as they are.
    return { base64: payload.toBase64() };
  }
}
