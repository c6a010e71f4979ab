/** Feeds the model from the bus: keeps a connection to the broker and subscribes to everything the page shows. */
import type { BrokerAccess } from "../../../protocol/broker/access.ts";
import type { BrokerUrl } from "../../../protocol/broker/broker_url.ts";
import { Bus, type BusMessage } from "../../bus.ts";
import { BusError } from "../../bus_error.ts";
import { Commander } from "../../commander.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import type { Operator } from "../../operator.ts";
import type { Signer } from "../../signer.ts";
import { filterError, topics } from "../../../protocol/topics.ts";
import { delay } from "@std/async/delay";
import type { BrokerStatus } from "../wire.ts";

const RETRY_MS = 2000;
/** Maximum agent topics to subscribe to for readings. */
const MAX_TOPICS = 2500;
const FILTERS: readonly { readonly filter: string; readonly qos: 0 | 1 }[] = [
  ...["heartbeat", "status", "devices", "migrate_result", "spawn", "desired_state"].map((report) => ({
    filter: `nodes/+/${report}`,
    qos: 1 as const,
  })),
  ...["heartbeat", "status", "metrics", "errors", "alert", "manifest"].map((report) => ({
    filter: `agents/+/${report}`,
    qos: 1 as const,
  })),
  // QoS 0 (at most once): the broker then queues nothing when a flood slows this reader down.
  ...["logs", "results", "detections", "readings/+"].map((report) => ({
    filter: `agents/+/${report}`,
    qos: 0 as const,
  })),
];

export interface FeedOptions {
  readonly broker: BrokerUrl;
  readonly access: BrokerAccess;
  readonly signer: Signer | undefined;
  /** The receiver of the messages keeps this up to date. */
  readonly fleet: Fleet;
  readonly onMessage: (message: BusMessage) => void;
  /** Called for messages on agents' own topics. */
  readonly onReading: (message: BusMessage) => void;
  readonly onStatus: () => void;
  readonly log: (message: string) => void;
}

/** Invariants: at most one connection; each topic of an agent is subscribed to once. */
export class Feed implements AsyncDisposable {
  #bus: Bus | undefined;
  #commander: Commander | undefined;
  #status: BrokerStatus;
  readonly #topics = new Map<string, Promise<Disposable | undefined>>();
  readonly #ended = new AbortController();
  #running: Promise<void> | undefined;

  constructor(private readonly options: FeedOptions) {
    this.#status = {
      url: options.broker.url,
      connected: false,
      since: Date.now() / 1000,
      reason: "not connected yet",
    };
  }

  get status(): BrokerStatus {
    return this.#status;
  }

  /** @throws Error while there is no connection */
  get operator(): Operator {
    const [bus, commander, { fleet }] = [this.#bus, this.#commander, this.options];
    if (bus === undefined || commander === undefined || !this.#status.connected) {
      throw new BusError(this.#status.reason ?? "There is no connection to the broker");
    }
    return { bus, commander, fleet };
  }

  /** Connects; retries until it succeeds. */
  start(): void {
    this.#running = this.#run();
  }

  /** Subscribes to the topics that an agent publishes to, up to the limit. */
  follow(topics: readonly string[]): void {
    const bus = this.#bus;
    if (bus === undefined) return;
    for (const topic of topics) {
      if (this.#topics.has(topic) || isReport(topic) || filterError(topic) !== undefined) continue;
      if (/[+#]/.test(topic) || this.#topics.size >= MAX_TOPICS) continue;
      const subscribing = bus.subscribe(topic, this.options.onReading, { qos: 0 }).catch((error) => {
        this.options.log((error as Error).message);
        return undefined;
      });
      this.#topics.set(topic, subscribing);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    await this.#running;
    await this.#bus?.[Symbol.asyncDispose]();
  }

  async #run(): Promise<void> {
    const { broker, access, signer } = this.options;
    while (!this.#ended.signal.aborted) {
      try {
        const bus = await Bus.connect({
          broker,
          access,
          signal: this.#ended.signal,
          onStatus: (status) => this.#setStatus(status.kind === "connected" ? null : status.reason),
        });
        this.#bus = bus;
        if (this.#ended.signal.aborted) return;
        this.#commander = new Commander(bus, signer);
        const handler = this.options.onMessage;
        await bus.subscribeAll(FILTERS.map((wanted) => ({ ...wanted, handler })));
        this.#setStatus(null);
        // The answers are the heartbeats: nodes of which the broker keeps nothing are shown at once.
        await bus.publish(topics.rollCall, {}).catch((error) => this.options.log((error as Error).message));
        return;
      } catch (error) {
        if (this.#ended.signal.aborted) return;
        this.#setStatus((error as Error).message);
        // A connection that may not subscribe is useless, but the broker's rules may change: retry.
        await this.#bus?.[Symbol.asyncDispose]();
        this.#bus = undefined;
        this.#commander = undefined;
        await delay(RETRY_MS, { signal: this.#ended.signal }).catch(() => {});
      }
    }
  }

  #setStatus(reason: string | null): void {
    if (this.#status.connected === (reason === null) && this.#status.reason === reason) return;
    const connected = reason === null;
    const since = this.#status.connected === connected ? this.#status.since : Date.now() / 1000;
    this.#status = { url: this.options.broker.url, connected, since, reason };
    this.options.log(reason ?? `Connected to the broker at ${this.options.broker.url}`);
    this.options.onStatus();
  }
}

/** Topics that the fixed subscriptions already cover. */
function isReport(topic: string): boolean {
  return topic.startsWith("nodes/") || topic.startsWith("agents/");
}
