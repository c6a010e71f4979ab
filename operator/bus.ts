/** An operator's connection to the broker: publish, subscribe, ask and wait for the answer. */
import { ExpectedError } from "../protocol/expected_error.ts";
import type { IClientOptions, ISubscriptionGrant, MqttClient, Packet } from "mqtt";
import { type BrokerAccess, credentialOptions } from "../protocol/broker/access.ts";
import { type Address, Addresses, type LookUp } from "../protocol/broker/addresses.ts";
import { endClient } from "../protocol/broker/end_client.ts";
import type { BrokerUrl } from "../protocol/broker/broker_url.ts";
import {
  type ConnectionError,
  describeFailure,
  type FailureKind,
  failureKind,
} from "../protocol/broker/failure.ts";
import { disableNagle } from "../protocol/broker/no_delay.ts";
import { filterMatches } from "../protocol/topics.ts";

/** The broker cannot be reached or rejects this client. The message says why and what to do. */
export class BusError extends ExpectedError {
  override name = "BusError";
  override readonly code = "broker";
  constructor(message: string, readonly kind: FailureKind = "other") {
    super(message);
  }
}

/** A received message. */
export interface BusMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** Published before the subscription and retained by the broker. */
  readonly retained: boolean;
}

export type MessageHandler = (message: BusMessage) => void;

export interface BusOptions {
  readonly broker: BrokerUrl;
  readonly access: BrokerAccess;
  /** Called when the connection is lost, with the reason, and when it is restored. */
  readonly onStatus?: (status: BusStatus) => void;
  /** Limit for the first connection attempt and for each confirmation by the broker, milliseconds. */
  readonly timeoutMs?: number;
  /** Default: the machine's name service. */
  readonly lookUp?: LookUp;
  /** Aborts the first connection attempt. */
  readonly signal?: AbortSignal;
}

export type BusStatus =
  | { readonly kind: "connected" }
  | { readonly kind: "disconnected"; readonly reason: string };

const TIMEOUT_MS = 10_000;
const RECONNECT_MS = 1000;
/** If the broker has several addresses: how long one may take to answer, and the keep-alive. */
const SWITCH_MS = 4000;
const SWITCH_KEEPALIVE_SECONDS = 5;
/** How long disposal waits for messages in flight. */
const END_MS = 1000;
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
  #isClosing = false;
  #connectMs = 0;
  #receivedBytes = 0;
  /** Called each time the connection closes. */
  readonly #onClosed = new Set<() => void>();

  private constructor(
    private readonly client: MqttClient,
    private readonly timeoutMs: number,
  ) {
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
    const addresses = await new Addresses(options.broker, options.lookUp).all();
    const failures: BusError[] = [];
    for (const index of addresses.keys()) {
      // After an outage, try the next address first.
      const rotated = [...addresses.slice(index), ...addresses.slice(0, index)];
      try {
        return await Bus.#connectTo(rotated, options);
      } catch (error) {
        if (!(error instanceof BusError) || options.signal?.aborted) throw error;
        failures.push(error);
      }
    }
    const [first] = failures;
    if (failures.length === 1 && first !== undefined) throw first;
    throw new BusError(failures.map(({ message }) => message).join("\n"), first?.kind);
  }

  static async #connectTo(addresses: readonly Address[], options: BusOptions): Promise<Bus> {
    const isOneOfSeveral = addresses.length > 1;
    const { timeoutMs = TIMEOUT_MS } = options;
    const answerMs = isOneOfSeveral ? Math.min(timeoutMs, SWITCH_MS) : timeoutMs;
    const startedMs = performance.now();
    // Loaded lazily: the MQTT client is large, and many commands do not connect.
    const { openRotating } = await import("../protocol/broker/client.ts");
    const client = openRotating(addresses, clientOptions(options, answerMs, isOneOfSeveral));
    const bus = new Bus(client, timeoutMs);
    const broker = addresses[0]?.broker ?? options.broker;
    let failure: ConnectionError | undefined;
    client.on("connect", () => disableNagle(client));
    client.on("error", (error) => failure = error);
    await new Promise<void>((resolve, reject) => {
      client.once("connect", () => resolve());
      client.once(
        "close",
        () =>
          reject(new BusError(notConnected({ ...options, broker }, failure, false), failureKind(failure))),
      );
      options.signal?.addEventListener("abort", () => reject(new BusError("no longer wanted")), {
        once: true,
      });
    }).catch(async (error) => {
      await client.endAsync(true);
      throw error;
    });
    bus.#connectMs = performance.now() - startedMs;
    let isUp = true;
    client.on("connect", () => {
      if (!isUp) options.onStatus?.({ kind: "connected" });
      isUp = true;
      failure = undefined;
    });
    client.on("close", () => {
      // A requested close is not an outage.
      if (isUp && !bus.#isClosing) {
        options.onStatus?.({ kind: "disconnected", reason: notConnected(options, failure, true) });
      }
      isUp = false;
    });
    return bus;
  }

  /** The sizes of all messages that have come so far, without topics. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** How long connecting took, without addresses that did not answer. */
  get connectMs(): number {
    return this.#connectMs;
  }

  get connected(): boolean {
    return this.client.connected;
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
      this.client.publish(topic, body, { qos: 1, retain }, (error) => error ? reject(error) : resolve());
      messageId = this.client.getLastMessageId();
    }).catch((error) => {
      // Otherwise it would be sent again on every reconnect.
      if (messageId !== undefined) this.client.removeOutgoingMessage(messageId);
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
        this.client.subscribe(Object.fromEntries(each), (error, sent = [], answer) => {
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
    this.#isClosing = true;
    await endClient(this.client, END_MS);
  }

  /** Waits for the connection: a message queued while offline would be sent long after the caller has given up. */
  async #connectedAgain(what: string, timeoutMs: number): Promise<void> {
    if (this.client.connected) return;
    await this.#inTime(what, timeoutMs, (resolve, _reject, ended) => {
      this.client.once("connect", resolve);
      ended.addEventListener("abort", () => this.client.off("connect", resolve));
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
      const left = this.client.unsubscribeAsync(filter).then(() => {}, () => {}).finally(() => {
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

function clientOptions({ access }: BusOptions, answerMs: number, isOneOfSeveral: boolean): IClientOptions {
  return {
    clientId: `agentflow-operator-${crypto.randomUUID().slice(0, 8)}`,
    protocolVersion: 4,
    clean: true,
    connectTimeout: answerMs,
    // A frozen broker is detected after 1.5 times the keep-alive.
    ...(isOneOfSeveral ? { keepalive: SWITCH_KEEPALIVE_SECONDS } : {}),
    reconnectPeriod: RECONNECT_MS,
    reschedulePings: false,
    ...credentialOptions(access),
  };
}

function notConnected(options: BusOptions, failure: ConnectionError | undefined, accepted: boolean): string {
  const { broker, access, timeoutMs = TIMEOUT_MS } = options;
  const reason = describeFailure(failure, {
    broker,
    accepted,
    hasCa: access.ca !== undefined,
    hasCertificate: access.identity !== undefined,
    hasUsername: access.username !== undefined,
    timeoutMs,
  });
  return `No connection to the broker at ${broker.url}: ${reason}`;
}
