/** Retained messages of this node that the broker does not have yet: the node keeps them in its place. Pure. */
import { filterMatches } from "../../../protocol/topics.ts";
import type { OutgoingMessage } from "../../link/link.ts";

/** Invariant: holds the last message of each topic, only while it is in the outbox, and is as bounded as the outbox. */
export class KeptForBroker {
  readonly #byTopic = new Map<string, OutgoingMessage>();

  has(topic: string): boolean {
    return this.#byTopic.has(topic);
  }

  /** The messages for a new subscription. An empty message clears the retained one, and is not retained itself. */
  matching(filter: string): OutgoingMessage[] {
    return [...this.#byTopic.values()].filter(({ topic, payload }) =>
      payload.length > 0 && filterMatches(filter, topic)
    );
  }

  published(message: OutgoingMessage): void {
    if (message.retain) this.#byTopic.set(message.topic, message);
  }

  /** The broker has it, or it was dropped. */
  settled(message: OutgoingMessage): void {
    // A later message may have taken its place.
    if (this.#byTopic.get(message.topic) === message) this.#byTopic.delete(message.topic);
  }
}
