/** Messages waiting to be published: bounded, in order, important ones first. Pure. */
import { type Excess, FairQueue, Fifo } from "./fifo.ts";
import type { Entry } from "./entry.ts";

/** How much may wait. */
export interface OutboxLimits {
  readonly messages: number;
  readonly bytes: number;
}

/**
 * Invariants: control messages leave in the order they came, and so do messages of one source, while the sources
 * take turns; messages are dropped from the source that holds the most; of heartbeats on one topic only the newest waits,
 * and none behind a newer control message on that topic;
 * control messages may displace telemetry, telemetry never displaces control messages.
 */
export class Outbox {
  readonly #control = new Fifo();
  readonly #telemetry = new FairQueue();
  readonly #heartbeats = new Map<string, Entry>();
  #dropped = 0;

  /** @param onDropped called for each message dropped because the outbox is full */
  constructor(
    private readonly limits: OutboxLimits,
    private readonly onDropped: (entry: Entry) => void = () => {},
  ) {}

  get size(): number {
    return this.#control.length + this.#telemetry.length + this.#heartbeats.size;
  }

  /** Messages dropped because the outbox was full. Superseded heartbeats do not count. */
  get dropped(): number {
    return this.#dropped;
  }

  push(entry: Entry): void {
    if (entry.message.class === "heartbeat") this.#replaceHeartbeat(entry);
    else this.#queueOf(entry).push(entry);
    // It would leave after a newer change of state and contradict it.
    if (entry.message.class === "control") this.#takeHeartbeat(entry.message.topic)?.settle();
    this.#dropWhatIsTooMuch();
  }

  /** Puts back the messages in flight when the link broke, oldest first; they leave before all others of their class. */
  putBack(entries: readonly Entry[]): void {
    const newer = new Set(this.#heartbeats.keys());
    for (const { message } of this.#control) newer.add(message.topic);
    for (const entry of entries.toReversed()) {
      const { class: messageClass, topic } = entry.message;
      if (messageClass !== "heartbeat") this.#queueOf(entry).unshift(entry);
      else if (!newer.has(topic)) this.#heartbeats.set(topic, entry);
      else entry.settle();
      if (messageClass !== "telemetry") newer.add(topic);
    }
    this.#dropWhatIsTooMuch();
  }

  /** Drops a message that was already taken out. */
  discard(entry: Entry): void {
    this.#dropped += 1;
    entry.settle();
  }

  /** The next message to publish. */
  shift(): Entry | undefined {
    return this.#control.shift() ?? this.#shiftHeartbeat() ?? this.#telemetry.shift();
  }

  /** All waiting messages. */
  waiting(): Entry[] {
    return [...this.#control, ...this.#heartbeats.values(), ...this.#telemetry];
  }

  #queueOf(entry: Entry): Fifo | FairQueue {
    return entry.message.class === "control" ? this.#control : this.#telemetry;
  }

  #replaceHeartbeat(entry: Entry): void {
    this.#takeHeartbeat(entry.message.topic)?.settle();
    this.#heartbeats.set(entry.message.topic, entry);
  }

  #shiftHeartbeat(): Entry | undefined {
    for (const topic of this.#heartbeats.keys()) return this.#takeHeartbeat(topic);
    return undefined;
  }

  #takeHeartbeat(topic: string): Entry | undefined {
    const entry = this.#heartbeats.get(topic);
    this.#heartbeats.delete(topic);
    return entry;
  }

  #dropWhatIsTooMuch(): void {
    for (let excess = this.#excess(); excess !== undefined; excess = this.#excess()) {
      const dropped = this.#telemetry.shiftFromLargest(excess) ?? this.#control.shift();
      if (dropped === undefined) return;
      this.#dropped += 1;
      this.onDropped(dropped);
      dropped.settle();
    }
  }

  #excess(): Excess | undefined {
    if (this.#control.length + this.#telemetry.length > this.limits.messages) return "messages";
    return this.#control.bytes + this.#telemetry.bytes > this.limits.bytes ? "bytes" : undefined;
  }
}
