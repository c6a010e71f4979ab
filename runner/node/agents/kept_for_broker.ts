/** Retained messages of this node that the broker does not have yet: the node keeps them in its place. Pure. */
import { filterMatches } from "../../../protocol/topics.ts";
import type { OutgoingMessage } from "../../link/link.ts";

/** Invariant: of each topic the last message, and only while the outbox has it: as bounded as the outbox is. */
export class KeptForBroker {
  readonly #byTopic = new Map<string, OutgoingMessage>();

  has(topic: string): boolean {
    return this.#byTopic.has(topic);
  }

  /** What a new subscription gets. An empty message clears what is kept, and is kept itself by no broker. */
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
