/** An operator's connection to the broker: opened at the first address that answers, and kept up. */
import type { IClientOptions, MqttClient } from "mqtt";
import { type BrokerAccess, credentialOptions } from "../protocol/broker/access.ts";
import { type Address, Addresses, type LookUp } from "../protocol/broker/addresses.ts";
import { endClient } from "../protocol/broker/end_client.ts";
import type { BrokerUrl } from "../protocol/broker/broker_url.ts";
import { type ConnectionError, describeFailure, failureKind } from "../protocol/broker/failure.ts";
import { disableNagle } from "../protocol/broker/no_delay.ts";
import { BusError } from "./bus_error.ts";

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

/** Limit for the first connection attempt and for each confirmation by the broker, unless told otherwise. */
export const TIMEOUT_MS = 10_000;
const RECONNECT_MS = 1000;
/** If the broker has several addresses: how long one may take to answer, and the keep-alive. */
const SWITCH_MS = 4000;
const SWITCH_KEEPALIVE_SECONDS = 5;
/** How long disposal waits for messages in flight. */
const END_MS = 1000;

/** Invariant: a close that was asked for is never reported as an outage. */
export class Connection implements AsyncDisposable {
  #isClosing = false;
  #connectMs = 0;

  private constructor(readonly client: MqttClient) {}

  /**
   * Connects, and reconnects as needed until the connection is disposed of. Each address of the broker is tried in
   * turn.
   * @throws BusError when no address accepts the connection
   */
  static async open(options: BusOptions): Promise<Connection> {
    const addresses = await new Addresses(options.broker, options.lookUp).all();
    const failures: BusError[] = [];
    for (const index of addresses.keys()) {
      // After an outage, try the next address first.
      const rotated = [...addresses.slice(index), ...addresses.slice(0, index)];
      try {
        return await Connection.#openAt(rotated, options);
      } catch (error) {
        if (!(error instanceof BusError) || options.signal?.aborted) throw error;
        failures.push(error);
      }
    }
    const [first] = failures;
    if (failures.length === 1 && first !== undefined) throw first;
    throw new BusError(failures.map(({ message }) => message).join("\n"), first?.kind);
  }

  static async #openAt(addresses: readonly Address[], options: BusOptions): Promise<Connection> {
    const isOneOfSeveral = addresses.length > 1;
    const { timeoutMs = TIMEOUT_MS } = options;
    const answerMs = isOneOfSeveral ? Math.min(timeoutMs, SWITCH_MS) : timeoutMs;
    const startedMs = performance.now();
    // Loaded lazily: the MQTT client is large, and many commands do not connect.
    const { openRotating } = await import("../protocol/broker/client.ts");
    const lookUpAgain = () => new Addresses(options.broker, options.lookUp).all();
    const client = openRotating(addresses, clientOptions(options, answerMs, isOneOfSeveral), lookUpAgain);
    const connection = new Connection(client);
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
    connection.#connectMs = performance.now() - startedMs;
    let isUp = true;
    client.on("connect", () => {
      if (!isUp) options.onStatus?.({ kind: "connected" });
      isUp = true;
      failure = undefined;
    });
    client.on("close", () => {
      // A requested close is not an outage.
      if (isUp && !connection.#isClosing) {
        options.onStatus?.({ kind: "disconnected", reason: notConnected(options, failure, true) });
      }
      isUp = false;
    });
    return connection;
  }

  /** How long connecting took, without addresses that did not answer. */
  get connectMs(): number {
    return this.#connectMs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosing = true;
    await endClient(this.client, END_MS);
  }
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
