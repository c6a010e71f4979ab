/** Wraps the node's link, so that its own agents get what it publishes without the broker. */
import type { Link, MessageTrail, OutgoingMessage, RefusedFilter } from "../../link/link.ts";

/** Invariant: agents of this node get a message before anybody else can. */
export class Loopback implements Link {
  constructor(
    private readonly link: Link,
    private readonly handOver: (message: OutgoingMessage) => void,
  ) {}

  get connected(): boolean {
    return this.link.connected;
  }

  get address(): string | undefined {
    return this.link.address;
  }

  get queued(): number {
    return this.link.queued;
  }

  get dropped(): number {
    return this.link.dropped;
  }

  limitOf(topic: string): number | undefined {
    return this.link.limitOf(topic);
  }

  publish(message: OutgoingMessage): Promise<void> {
    this.handOver(message);
    return this.link.publish(message);
  }

  subscribe(filters: readonly string[], qos?: 0 | 1): Promise<readonly RefusedFilter[]> {
    return this.link.subscribe(filters, qos);
  }

  unsubscribe(filters: readonly string[]): void {
    this.link.unsubscribe(filters);
  }

  follow(trail: MessageTrail): void {
    this.link.follow(trail);
  }

  close(drainMs: number): Promise<void> {
    return this.link.close(drainMs);
  }
}
