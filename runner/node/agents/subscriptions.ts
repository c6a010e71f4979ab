/** The subscriptions of agents, and which connection each goes over. */
import type { WirePayload } from "../../../protocol/frames.ts";
import type { MessageTrail, OutgoingMessage } from "../../link/link.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";
import { KeptForBroker } from "./kept_for_broker.ts";
import { type LineParts, type Subscription, SubscriptionLine } from "./subscription_line.ts";

/** An agent's pipe takes no larger message; clients with their own connection may publish far larger ones. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
/** The most connections; beyond that, filters that overlap share one. */
const MAX_LINES = 8;

export interface SubscriptionParts {
  /** Opens a separate link: the agents' messages must not delay the node's commands. */
  readonly open: (listener: Parameters<LineParts["open"]>[0], line: number) => ReturnType<LineParts["open"]>;
  /** How many an agent may have. */
  readonly limitOf: (agent: string) => number;
  /** Whether an agent may receive messages on a topic. */
  readonly mayHear: (agent: string, topic: string) => boolean;
  /** The broker refuses a subscription on a later connection. */
  readonly onRefused: (agent: SupervisedAgent, filter: string, reason: string) => void;
  /** The monotonic clock. */
  readonly nowMs: () => number;
}

/**
 * Many brokers send a message once per matching filter of a connection. Filters that overlap therefore use different
 * connections, and each message is delivered to the filters of its own connection.
 *
 * What this node publishes itself is delivered at once. The broker's copies of it are recognised by following each
 * message on its way to the broker.
 */
export class Subscriptions {
  readonly #of = new Map<SupervisedAgent, Set<Subscription>>();
  /** Has gaps where a line was closed. */
  readonly #lines: (SubscriptionLine | undefined)[] = [];
  /** Messages of this node that were sent and are not acknowledged. */
  readonly #underWay = new Set<OutgoingMessage>();
  readonly #keptForBroker = new KeptForBroker();

  /** Follows the messages on the link over which the node publishes. */
  readonly trail: MessageTrail = {
    onRestored: (message) => this.#keptForBroker.published(message),
    onSent: (message) => {
      this.#underWay.add(message);
      for (const line of this.#lines) line?.sent(message);
    },
    onAcknowledged: (message) => {
      this.#underWay.delete(message);
      this.#keptForBroker.settled(message);
      for (const line of this.#lines) line?.acknowledged(message);
    },
    onBroken: (message) => {
      this.#underWay.delete(message);
      for (const line of this.#lines) line?.broken(message);
    },
    onDropped: (message) => this.#keptForBroker.settled(message),
  };

  constructor(private readonly parts: SubscriptionParts) {}

  /**
   * Resolves when the broker has confirmed it, or at once while the link is down.
   * @returns why it is refused; `undefined` if it is not
   */
  async add(agent: SupervisedAgent, id: number, filter: string): Promise<string | undefined> {
    const theirs = this.#of.get(agent) ?? new Set();
    const limit = this.parts.limitOf(agent.name);
    if (theirs.size >= limit) return `an agent may have up to ${limit} subscriptions`;
    this.#of.set(agent, theirs);
    const subscription = { agent, id, filter };
    theirs.add(subscription);
    const line = this.#lineFor(filter);
    const added = line.add(subscription);
    this.#catchUp(subscription, line);
    const [refused] = await added;
    if (refused === undefined) return undefined;
    theirs.delete(subscription);
    this.#remove([subscription]);
    return refused.reason;
  }

  remove(agent: SupervisedAgent, id: number): void {
    const theirs = this.#of.get(agent);
    const gone = [...theirs ?? []].filter((subscription) => subscription.id === id);
    gone.forEach((subscription) => theirs?.delete(subscription));
    this.#remove(gone);
  }

  /** The agent's process has ended, and its handlers with it. */
  removeAll(agent: SupervisedAgent): void {
    this.#remove([...this.#of.get(agent) ?? []]);
    this.#of.delete(agent);
  }

  /** The node publishes a message: its agents get it now, whether or not the broker is reachable. */
  handOver(message: OutgoingMessage): void {
    const to: Subscription[] = [];
    for (const line of this.#lines) {
      const matching = line?.matching(message.topic) ?? [];
      if (matching.length === 0) continue;
      line?.handedOver(message);
      to.push(...matching);
    }
    if (to.length > 0) this.#deliver(message, to);
    this.#keptForBroker.published(message);
  }

  /** Delivers a message that is only for agents of this node. */
  deliverHere(message: Content): void {
    const to = this.#lines.flatMap((line) => line?.matching(message.topic) ?? []);
    if (to.length > 0) this.#deliver(message, to);
  }

  /** The node's own link is up again. */
  reconnected(): void {
    for (const line of this.#lines) line?.reconnected();
  }

  async close(): Promise<void> {
    await Promise.all(this.#lines.map((line) => line?.close()));
  }

  #lineFor(filter: string): SubscriptionLine {
    for (let number = 0;; number++) {
      const line = this.#lines[number] ??= this.#open(number);
      if (!line.overlaps(filter) || number + 1 >= MAX_LINES) return line;
    }
  }

  #open(number: number): SubscriptionLine {
    return new SubscriptionLine({
      open: (listener) => this.parts.open(listener, number),
      deliver: (message, to) => this.#deliver(message, to),
      isToBeKept: (topic) => this.#keptForBroker.has(topic),
      nowMs: this.parts.nowMs,
      onRefused: ({ agent, filter }, reason) => this.parts.onRefused(agent, filter, reason),
    });
  }

  /** Gives a new subscription the retained message of each topic, and no other earlier message of this node. */
  #catchUp(subscription: Subscription, line: SubscriptionLine): void {
    for (const message of this.#underWay) line.underWay(message);
    for (const message of this.#keptForBroker.matching(subscription.filter)) {
      line.handedOver(message);
      this.#deliver(message, [subscription]);
    }
  }

  #deliver(message: Content, to: readonly Subscription[]): void {
    deliver(message, to.filter(({ agent }) => this.parts.mayHear(agent.name, message.topic)));
  }

  #remove(gone: readonly Subscription[]): void {
    for (const [number, line] of this.#lines.entries()) {
      line?.remove(gone);
      // The first connection is kept, because it is needed again and again.
      if (number === 0 || line?.isEmpty !== true) continue;
      this.#lines[number] = undefined;
      void line.close();
    }
  }
}

type Content = Pick<OutgoingMessage, "topic" | "payload">;

/** To each agent once, with all its subscriptions. */
function deliver({ topic, payload }: Content, to: readonly Subscription[]): void {
  // Check this before decoding anything.
  if (payload.length > MAX_MESSAGE_BYTES) return;
  const ids = new Map<SupervisedAgent, number[]>();
  for (const { agent, id } of to) {
    const known = ids.get(agent);
    if (known === undefined) ids.set(agent, [id]);
    else known.push(id);
  }
  const wire = toWire(payload);
  for (const [agent, subscriptions] of ids) {
    agent.count("messages");
    // In the order in which they were made, which is the order of their numbers.
    subscriptions.sort((a, b) => a - b);
    agent.send({ t: "message", subscriptions, topic, ...wire });
  }
}

function toWire(payload: string | Uint8Array): WirePayload {
  // As the broker would deliver it.
  if (typeof payload === "string") return { text: payload.toWellFormed() };
  try {
    return { text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(payload) };
  } catch {
    // Not text: the bytes are passed on unchanged.
    return { base64: payload.toBase64() };
  }
}
