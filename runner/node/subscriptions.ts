/** The subscriptions of agents: one at the broker for all agents that share a filter. */
import { filterMatches } from "../../protocol/topics.ts";
import type { WirePayload } from "../../protocol/frames.ts";
import type { IncomingMessage, Link, LinkListener } from "../link/link.ts";
import type { SupervisedAgent } from "../supervisor/supervised_agent.ts";

/** Retained topics that are remembered per subscription, so that each is delivered once. */
const MAX_SEEN = 10_000;

interface Subscription {
  readonly agent: SupervisedAgent;
  /** The agent's own number for it. */
  readonly id: number;
  readonly filter: string;
  /** Retained topics it has had: the broker sends them again whenever somebody else subscribes to the filter. */
  readonly seen: Set<string>;
}

export class Subscriptions {
  readonly #all = new Set<Subscription>();
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
    const count = [...this.#all].filter((subscription) => subscription.agent === agent).length;
    const limit = this.limitOf(agent.name);
    if (count >= limit) return `an agent may have up to ${limit} subscriptions`;
    this.#all.add({ agent, id, filter, seen: new Set() });
    this.#link ??= this.open({
      onMessage: (message) => this.#deliver(message),
      onConnected: () => this.#reconnected(),
      onDisconnected: () => {},
    });
    await this.#link.subscribe([filter]);
    return undefined;
  }

  remove(agent: SupervisedAgent, id: number): void {
    this.#removeWhere((subscription) => subscription.agent === agent && subscription.id === id);
  }

  /** The agent's process has ended, and its handlers with it. */
  removeAll(agent: SupervisedAgent): void {
    this.#removeWhere((subscription) => subscription.agent === agent);
  }

  /** What is retained may have changed while the link was away: all that comes again counts as new. */
  #reconnected(): void {
    for (const { seen } of this.#all) seen.clear();
  }

  async close(): Promise<void> {
    await this.#link?.close(0);
  }

  /** Hands a message to every agent that has asked for it: once, with all its subscriptions that match. */
  #deliver(message: IncomingMessage): void {
    const ids = new Map<SupervisedAgent, number[]>();
    for (const subscription of this.#all) {
      if (!filterMatches(subscription.filter, message.topic) || !isNew(subscription, message)) continue;
      ids.set(subscription.agent, [...ids.get(subscription.agent) ?? [], subscription.id]);
    }
    if (ids.size === 0) return;
    const payload = toWire(message.payload);
    for (const [agent, subscriptions] of ids) {
      agent.counters.messages += 1;
      agent.send({ t: "message", subscriptions, topic: message.topic, ...payload });
    }
  }

  #removeWhere(matches: (subscription: Subscription) => boolean): void {
    const gone = [...this.#all].filter(matches);
    for (const subscription of gone) this.#all.delete(subscription);
    const stillUsed = new Set([...this.#all].map((subscription) => subscription.filter));
    this.#link?.unsubscribe(gone.map(({ filter }) => filter).filter((filter) => !stillUsed.has(filter)));
  }
}

function isNew({ seen }: Subscription, message: IncomingMessage): boolean {
  if (!message.retained) return true;
  if (seen.has(message.topic)) return false;
  if (seen.size < MAX_SEEN) seen.add(message.topic);
  return true;
}

function toWire(payload: Uint8Array): WirePayload {
  try {
    return { text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(payload) };
  } catch {
    // Not text: bytes go as they are.
    return { base64: payload.toBase64() };
  }
}
