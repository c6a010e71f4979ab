/** An operator's connection to the broker: publish, subscribe, ask and wait for the answer. */
import { ExpectedError } from "../protocol/expected_error.ts";
import type { IClientOptions, MqttClient } from "mqtt";
import { type BrokerAccess, credentialOptions } from "../protocol/broker/access.ts";
import { endClient, openClient } from "../protocol/broker/client.ts";
import type { BrokerUrl } from "../protocol/broker/broker_url.ts";
import {
  type ConnectionError,
  describeFailure,
  type FailureKind,
  failureKind,
} from "../protocol/broker/failure.ts";
import { filterMatches } from "../protocol/topics.ts";

/** The broker cannot be reached, or does not let this client in; the message says why, and what to do. */
export class BusError extends ExpectedError {
  override name = "BusError";
  override readonly code = "broker";
  constructor(message: string, readonly kind: FailureKind = "other") {
    super(message);
  }
}

/** A message as it arrived. */
export interface BusMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** The broker has kept it from before the subscription. */
  readonly retained: boolean;
}

export type MessageHandler = (message: BusMessage) => void;

export interface BusOptions {
  readonly broker: BrokerUrl;
  readonly access: BrokerAccess;
  /** Told when a connection that stood is lost, with the reason, and when it is there again. */
  readonly onStatus?: (status: BusStatus) => void;
  /** How long the first attempt may take, and the broker to confirm anything, milliseconds. */
  readonly timeoutMs?: number;
  /** Ends the first attempt. */
  readonly signal?: AbortSignal;
}

export type BusStatus =
  | { readonly kind: "connected" }
  | { readonly kind: "disconnected"; readonly reason: string };

const TIMEOUT_MS = 10_000;
const RECONNECT_MS = 1000;
/** What is under way at the end is not waited for any longer. */
const END_MS = 1000;
/** Connections that broke over a message before it is given up. */
const TRIES = 2;

/** How long the broker may take to confirm one thing, milliseconds. */
export interface Patience {
  readonly timeoutMs?: number | undefined;
}

/**
 * Invariants: one connection at a time, made anew after each outage with all that was subscribed; a handler gets
 * only what matches its own filter, and nothing after its subscription has been disposed of; nothing that is asked of
 * the broker waits longer than it may, and what was given up is not sent again.
 */
export class Bus implements AsyncDisposable {
  /** Who wants each filter. */
  readonly #wanted = new Map<string, Set<Subscription>>();
  /** Filters that match more than the topic of their own name: the others are found without a search. */
  readonly #wildcards = new Set<string>();
  /** Filters whose subscription the broker is ending. */
  readonly #leaving = new Map<string, Promise<void>>();
  #isClosing = false;
  /** Told of each end of the connection. */
  readonly #onClosed = new Set<() => void>();

  private constructor(private readonly client: MqttClient, private readonly timeoutMs: number) {
    client.on("close", () => this.#onClosed.forEach((onClosed) => onClosed()));
    client.on("message", (topic, payload, packet) => {
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
   * Connects, and stays connected until it is disposed of.
   * @throws BusError when the first attempt fails
   */
  static async connect(options: BusOptions): Promise<Bus> {
    const client = openClient(options.broker, clientOptions(options));
    const bus = new Bus(client, options.timeoutMs ?? TIMEOUT_MS);
    let failure: ConnectionError | undefined;
    client.on("error", (error) => failure = error);
    await new Promise<void>((resolve, reject) => {
      client.once("connect", () => resolve());
      client.once(
        "close",
        () => reject(new BusError(notConnected(options, failure, false), failureKind(failure))),
      );
      options.signal?.addEventListener("abort", () => reject(new BusError("no longer wanted")), {
        once: true,
      });
    }).catch(async (error) => {
      await client.endAsync(true);
      throw error;
    });
    let isUp = true;
    client.on("connect", () => {
      if (!isUp) options.onStatus?.({ kind: "connected" });
      isUp = true;
      failure = undefined;
    });
    client.on("close", () => {
      // An end that was asked for is no outage.
      if (isUp && !bus.#isClosing) {
        options.onStatus?.({ kind: "disconnected", reason: notConnected(options, failure, true) });
      }
      isUp = false;
    });
    return bus;
  }

  get connected(): boolean {
    return this.client.connected;
  }

  /**
   * @param payload strings and bytes go as they are, all else as JSON
   * @returns settles when the broker has it (QoS 1)
   * @throws BusError when it does not take it, or not in time
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
      // Else it would go out with every new connection.
      if (messageId !== undefined) this.client.removeOutgoingMessage(messageId);
      throw error;
    });
  }

  /**
   * What the broker has kept comes with the first subscription of a filter; to another of the same filter comes what
   * is published from then on.
   * @param options.qos 0: at most once, so that a broker queues nothing for a reader that is slow
   * @returns settles when the broker has confirmed it: what is published from then on arrives
   * @throws BusError when the broker's rules do not allow it, or it does not confirm in time
   */
  async subscribe(
    filter: string,
    handler: MessageHandler,
    { qos = 1, timeoutMs = this.timeoutMs }: { readonly qos?: 0 | 1 } & Patience = {},
  ): Promise<Disposable> {
    const subscription: Subscription = { filter, handler };
    const others = this.#wanted.get(filter);
    if (others === undefined) this.#wanted.set(filter, new Set([subscription]));
    else others.add(subscription);
    if (/[+#]/.test(filter)) this.#wildcards.add(filter);
    const off = () => this.#unsubscribe(subscription);
    try {
      // A broker may take in both at once: the new subscription must not fall to the end of the old one.
      await this.#leaving.get(filter);
      await this.#inTime(`a subscription to ${filter}`, timeoutMs, (resolve, reject) => {
        this.client.subscribe(filter, { qos }, (error) => error ? reject(error) : resolve());
      });
    } catch (error) {
      off();
      if (error instanceof BusError) throw error;
      throw new BusError(
        `The broker does not let this client listen to ${filter}: ${(error as Error).message}`,
      );
    }
    return { [Symbol.dispose]: off };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#wanted.clear();
    this.#wildcards.clear();
    this.#isClosing = true;
    await endClient(this.client, END_MS);
  }

  /** What is said while there is no connection would go out much later, when nobody waits for it any more. */
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

  #unsubscribe(subscription: Subscription): void {
    const { filter } = subscription;
    const wanted = this.#wanted.get(filter);
    if (wanted?.delete(subscription) !== true) return;
    if (wanted.size === 0) {
      this.#wanted.delete(filter);
      this.#wildcards.delete(filter);
      // The connection may end first: then there is nothing left to unsubscribe from.
      const left = this.client.unsubscribeAsync(filter).then(() => {}, () => {}).finally(() => {
        if (this.#leaving.get(filter) === left) this.#leaving.delete(filter);
      });
      this.#leaving.set(filter, left);
    }
  }
}

interface Subscription {
  readonly filter: string;
  readonly handler: MessageHandler;
}

function clientOptions({ access, timeoutMs = TIMEOUT_MS }: BusOptions): IClientOptions {
  return {
    clientId: `agentflow-operator-${crypto.randomUUID().slice(0, 8)}`,
    protocolVersion: 4,
    clean: true,
    connectTimeout: timeoutMs,
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
