/** What an operator asks of the broker: publish and subscribe, each confirmed in time. */
import type { ISubscriptionGrant, MqttClient, Packet } from "mqtt";
import { filterMatches } from "../protocol/topics.ts";
import { BusError } from "./bus_error.ts";
import { type BusOptions, Connection, TIMEOUT_MS } from "./connection.ts";

/** A received message. */
export interface BusMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** Published before the subscription and retained by the broker. */
  readonly retained: boolean;
}

export type MessageHandler = (message: BusMessage) => void;

/** A message is given up after the connection has closed this many times while it was being sent. */
const TRIES = 2;

/** A subscription to be made. */
export interface Wanted {
  readonly filter: string;
  readonly handler: MessageHandler;
  /** 0 (at most once) keeps the broker from queueing messages for a slow reader; default 1. */
  readonly qos?: 0 | 1;
}

/** How long the broker may take to confirm one request, milliseconds. */
export interface Patience {
  readonly timeoutMs?: number | undefined;
}

/**
 * Invariants: there is one connection at a time, and every reconnect restores all subscriptions; a handler receives
 * only messages that match its own filter, and none after its subscription has been disposed of; no request to the
 * broker waits longer than its limit, and a message that was given up is never sent again.
 */
export class Bus implements AsyncDisposable {
  /** The subscriptions to each filter. */
  readonly #wanted = new Map<string, Set<Wanted>>();
  /** Filters with wildcards. All other filters are looked up directly by topic. */
  readonly #wildcards = new Set<string>();
  /** Filters with an unsubscribe in progress. */
  readonly #leaving = new Map<string, Promise<void>>();
  #receivedBytes = 0;
  /** Called each time the connection closes. */
  readonly #onClosed = new Set<() => void>();

  private constructor(
    private readonly connection: Connection,
    private readonly timeoutMs: number,
  ) {
    const { client } = connection;
    client.on("close", () => this.#onClosed.forEach((onClosed) => onClosed()));
    client.on("message", (topic, payload, packet) => {
      this.#receivedBytes += payload.length;
      const message = { topic, payload, retained: packet.retain };
      for (const { handler } of this.#wanted.get(topic) ?? []) handler(message);
      for (const filter of this.#wildcards) {
        if (filterMatches(filter, topic)) {
          for (const { handler } of this.#wanted.get(filter) ?? []) handler(message);
        }
      }
    });
  }

  /**
   * Connects, and reconnects as needed until the bus is disposed of. Each address of the broker is tried in turn.
   * @throws BusError when no address accepts the connection
   */
  static async connect(options: BusOptions): Promise<Bus> {
    return new Bus(await Connection.open(options), options.timeoutMs ?? TIMEOUT_MS);
  }

  get #client(): MqttClient {
    return this.connection.client;
  }

  /** The sizes of all messages that have come so far, without topics. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** How long connecting took, without addresses that did not answer. */
  get connectMs(): number {
    return this.connection.connectMs;
  }

  get connected(): boolean {
    return this.#client.connected;
  }

  /**
   * @param payload strings and bytes are sent as they are, everything else as JSON
   * @returns resolves when the broker has confirmed the message (QoS 1)
   * @throws BusError when the broker does not accept the message in time
   */
  async publish(
    topic: string,
    payload: unknown,
    { retain = false, timeoutMs = this.timeoutMs }: { readonly retain?: boolean } & Patience = {},
  ): Promise<void> {
    const body = typeof payload === "string"
      ? payload
      : payload instanceof Uint8Array
      ? Buffer.from(payload.buffer, payload.byteOffset, payload.length)
      : JSON.stringify(payload);
    const until = performance.now() + timeoutMs;
    const what = `a message on ${topic} (${body.length} bytes)`;
    await this.#connectedAgain(what, timeoutMs);
    let messageId: number | undefined;
    let closed = 0;
    await this.#inTime(what, until - performance.now(), (resolve, reject, ended) => {
      const onClosed = () => {
        if (++closed < TRIES) return;
        reject(
          new BusError(
            `The broker closes the connection over ${what}: is it larger than the broker allows, or against its rules?`,
          ),
        );
      };
      this.#onClosed.add(onClosed);
      ended.addEventListener("abort", () => this.#onClosed.delete(onClosed));
      this.#client.publish(topic, body, { qos: 1, retain }, (error) => error ? reject(error) : resolve());
      messageId = this.#client.getLastMessageId();
    }).catch((error) => {
      // Otherwise it would be sent again on every reconnect.
      if (messageId !== undefined) this.#client.removeOutgoingMessage(messageId);
      throw error;
    });
  }

  /**
   * Only the first subscription to a filter receives retained messages. Later subscriptions to the same filter receive
   * what is published from then on.
   * @param options.qos 0 (at most once) keeps the broker from queueing messages for a slow reader
   * @returns resolves when the broker has confirmed the subscription: everything published from then on arrives
   * @throws BusError when the broker's rules do not allow it, or the broker does not confirm in time
   */
  async subscribe(
    filter: string,
    handler: MessageHandler,
    { qos = 1, timeoutMs = this.timeoutMs }: { readonly qos?: 0 | 1 } & Patience = {},
  ): Promise<Disposable> {
    return await this.subscribeAll([{ filter, handler, qos }], { timeoutMs });
  }

  /** Like `subscribe`, but for several filters in one round trip to the broker. */
  async subscribeAll(
    wanted: readonly Wanted[],
    { timeoutMs = this.timeoutMs }: Patience = {},
  ): Promise<Disposable> {
    if (wanted.length === 0) return { [Symbol.dispose]: () => {} };
    for (const one of wanted) this.#want(one);
    const off = () => wanted.forEach((one) => this.#unsubscribe(one));
    const filters = wanted.map(({ filter }) => filter);
    try {
      // A broker may process both at once: the pending unsubscribe must not cancel the new subscription.
      await Promise.all(filters.map((filter) => this.#leaving.get(filter)));
      await this.#inTime(`a subscription to ${filters.join(", ")}`, timeoutMs, (resolve, reject) => {
        const each = wanted.map(({ filter, qos = 1 }) => [filter, { qos }] as const);
        this.#client.subscribe(Object.fromEntries(each), (error, sent = [], answer) => {
          if (error === null) resolve();
          else reject(notAllowed(filters, error, refusedOf(sent, answer)));
        });
      });
    } catch (error) {
      off();
      throw error;
    }
    return { [Symbol.dispose]: off };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#wanted.clear();
    this.#wildcards.clear();
    await this.connection[Symbol.asyncDispose]();
  }

  /** Waits for the connection: a message queued while offline would be sent long after the caller has given up. */
  async #connectedAgain(what: string, timeoutMs: number): Promise<void> {
    if (this.#client.connected) return;
    await this.#inTime(what, timeoutMs, (resolve, _reject, ended) => {
      this.#client.once("connect", resolve);
      ended.addEventListener("abort", () => this.#client.off("connect", resolve));
    });
  }

  /** @throws BusError when `work` has not settled in time */
  async #inTime(
    what: string,
    timeoutMs: number,
    work: (resolve: () => void, reject: (error: Error) => void, ended: AbortSignal) => void,
  ): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const ended = new AbortController();
    const seconds = Math.round(timeoutMs / 100) / 10;
    const late = () => reject(new BusError(`The broker has not confirmed ${what} within ${seconds} s`));
    const timer = setTimeout(late, Math.max(timeoutMs, 0));
    try {
      work(resolve, reject, ended.signal);
      await promise;
    } finally {
      clearTimeout(timer);
      ended.abort();
    }
  }

  #want(subscription: Wanted): void {
    const { filter } = subscription;
    const others = this.#wanted.get(filter);
    if (others === undefined) this.#wanted.set(filter, new Set([subscription]));
    else others.add(subscription);
    if (/[+#]/.test(filter)) this.#wildcards.add(filter);
  }

  #unsubscribe(subscription: Wanted): void {
    const { filter } = subscription;
    const wanted = this.#wanted.get(filter);
    if (wanted?.delete(subscription) !== true) return;
    if (wanted.size === 0) {
      this.#wanted.delete(filter);
      this.#wildcards.delete(filter);
      // If the connection ends first, there is nothing left to unsubscribe from.
      const left = this.#client.unsubscribeAsync(filter).then(() => {}, () => {}).finally(() => {
        if (this.#leaving.get(filter) === left) this.#leaving.delete(filter);
      });
      this.#leaving.set(filter, left);
    }
  }
}

/** @param sent the subscriptions in this packet, without those that the broker had already confirmed */
function refusedOf(sent: readonly ISubscriptionGrant[], answer: Packet | undefined): string[] {
  const codes = answer?.cmd === "suback" ? answer.granted.map(Number) : [];
  return sent.filter((_, index) => (codes[index] ?? 0) >= 128).map(({ topic }) => topic);
}

function notAllowed(filters: readonly string[], error: Error, refused: readonly string[]): BusError {
  const named = (refused.length > 0 ? refused : filters).join(", ");
  return new BusError(`The broker does not allow this client to subscribe to ${named}: ${error.message}`);
}
