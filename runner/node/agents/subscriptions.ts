/** The subscriptions of agents, and which connection each goes over. */
import type { WirePayload } from "../../../protocol/frames.ts";
import type { IncomingMessage } from "../../link/link.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";
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
}

/**
 * Many brokers send a message once per matching filter of a connection. Filters that overlap therefore use different
 * connections, and each message is delivered to the filters of its own connection.
 */
export class Subscriptions {
  readonly #of = new Map<SupervisedAgent, Set<Subscription>>();
  /** With gaps, where one was closed. */
  readonly #lines: (SubscriptionLine | undefined)[] = [];

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
    const [refused] = await this.#lineFor(filter).add(subscription);
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
      deliver: (message, to) =>
        deliver(message, to.filter(({ agent }) => this.parts.mayHear(agent.name, message.topic))),
      onRefused: ({ agent, filter }, reason) => this.parts.onRefused(agent, filter, reason),
    });
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

/** To each agent once, with all its subscriptions. */
function deliver({ topic, payload }: IncomingMessage, to: readonly Subscription[]): void {
  // Before anything is made of it.
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
    // In the order in which they were made, which is that of their numbers.
    subscriptions.sort((a, b) => a - b);
    agent.send({ t: "message", subscriptions, topic, ...wire });
  }
}

function toWire(payload: Uint8Array): WirePayload {
  try {
    return { text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(payload) };
  } catch {
    // Not text: the bytes are passed on unchanged.
    return { base64: payload.toBase64() };
  }
}
