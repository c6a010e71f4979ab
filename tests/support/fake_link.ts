/** A link without a broker: it keeps what is published. */
import type { Link, MessageTrail, OutgoingMessage, RefusedFilter } from "../../runner/link/link.ts";

export class FakeLink implements Link {
  readonly published: OutgoingMessage[] = [];
  /** Calls of `subscribe` and `unsubscribe`, as `+filter` and `-filter`. */
  readonly filters: string[] = [];
  readonly connected = true;
  readonly address: string | undefined;
  readonly queued = 0;
  readonly dropped = 0;
  closed = false;
  /** Who follows its messages. */
  trail: MessageTrail | undefined;
  /** What is refused, by filter. */
  readonly refusals = new Map<string, string>();

  /** What `limitOf` says, by topic. */
  readonly limits = new Map<string, number>();

  limitOf(topic: string): number | undefined {
    return this.limits.get(topic);
  }

  publish(message: OutgoingMessage): Promise<void> {
    this.published.push(message);
    return Promise.resolve();
  }

  subscribe(filters: readonly string[]): Promise<readonly RefusedFilter[]> {
    this.filters.push(...filters.map((filter) => `+${filter}`));
    return Promise.resolve(filters.flatMap((filter) => {
      const reason = this.refusals.get(filter);
      return reason === undefined ? [] : [{ filter, reason }];
    }));
  }

  follow(trail: MessageTrail): void {
    this.trail = trail;
  }

  unsubscribe(filters: readonly string[]): void {
    this.filters.push(...filters.map((filter) => `-${filter}`));
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }

  /** The payloads published on `topic` so far, as JSON; text that is none as it is. */
  on(topic: string): unknown[] {
    return this.published.filter((message) => message.topic === topic).map(({ payload }) => {
      const text = typeof payload === "string" ? payload : new TextDecoder().decode(payload);
      return text === "" ? "" : JSON.parse(text);
    });
  }
}
