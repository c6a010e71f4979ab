/** The link over MQTT 3.1.1: one connection at a time, made anew after each outage. */
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import type { Clock } from "../clock.ts";
import type { Logger } from "../logger.ts";
import { type BrokerAccess, credentialOptions } from "../../protocol/broker/access.ts";
import { reconnectDelayMs } from "./backoff.ts";
import type { BrokerUrl } from "../../protocol/broker/broker_url.ts";
import { type Attempt, type ConnectionError, describeFailure } from "../../protocol/broker/failure.ts";
import { Filters } from "./filters.ts";
import type { Keeper } from "./keeper.ts";
import type { Link, LinkListener, OutgoingMessage } from "./link.ts";
import { type Entry, entry } from "./entry.ts";
import { Outbox, type OutboxLimits } from "./outbox.ts";
import { vettedSocket } from "./vetted_socket.ts";

export interface MqttLinkOptions {
  readonly broker: BrokerUrl;
  readonly access: BrokerAccess;
  readonly clientId: string;
  /** Whether the broker keeps the subscriptions, and what is sent to them, while this client is away. */
  readonly persistent: boolean;
  /** What the broker publishes when this process vanishes. */
  readonly will?: { readonly topic: string; readonly payload: string };
  readonly limits: OutboxLimits;
  /** Where messages are kept while the broker is away. */
  readonly keeper: Keeper;
  /**
   * Asked before anything is said on a connection that is not encrypted: why it must not be used. An agent may listen
   * where the broker does when it is away.
   * @param localPort of this end
   */
  readonly vet?: (localPort: number) => string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Messages under way to the broker, not yet acknowledged. */
const MAX_IN_FLIGHT = 1024;
/** … and their size: what is important waits behind them, however large they are. */
const MAX_IN_FLIGHT_BYTES = 512 * 1024;
/** Connections that broke with a message under way before it is suspected, and sent alone. */
const LOSSES_TO_SUSPECT = 2;
/** … and before it is given up: one message that a broker cannot stand must not keep the node off the line. */
const LOSSES_TO_DISCARD = 10;
const CONNECT_TIMEOUT_MS = 10_000;
const KEEPALIVE_SECONDS = 15;
/** A failure that goes on is said again after so long. */
const REMIND_MS = 30_000;

/**
 * Invariants: a message leaves the outbox only for a live connection, and goes back to its front when that breaks
 * before the broker has acknowledged it; so each is delivered at least once, or counted as dropped. A message that was
 * under way when several connections broke goes alone, and is dropped when it was alone under way again and again. While there is
 * no connection, `publish` settles at once.
 */
export class MqttLink implements Link {
  readonly #outbox: Outbox;
  readonly #filters: Filters;
  readonly #inFlight = new Set<Entry>();
  #inFlightBytes = 0;
  readonly #closing = new AbortController();
  /** Resolves when the first attempt to connect has led to confirmed subscriptions, or has failed. */
  readonly #attempted = Promise.withResolvers<void>();
  /** How many connections each has seen break. */
  readonly #losses = new WeakMap<Entry, number>();
  #suspect: Entry | undefined;
  #client: MqttClient | undefined;
  #connected = false;
  #sent = 0;
  /** Said once per outage. */
  #saidFull = false;
  #onDrained: (() => void) | undefined;

  constructor(private readonly options: MqttLinkOptions) {
    const { limits, keeper, log } = options;
    this.#filters = new Filters(log);
    this.#outbox = new Outbox(limits, (entry) => this.#onDropped(entry));
    // What an earlier process has left goes before all that is new.
    for (const entry of keeper.load()) this.#outbox.push(entry);
  }

  get connected(): boolean {
    return this.#connected;
  }

  get queued(): number {
    return this.#outbox.size + this.#inFlight.size;
  }

  get dropped(): number {
    return this.#outbox.dropped;
  }

  publish(message: OutgoingMessage): Promise<void> {
    return new Promise((resolve) => {
      const added = entry(message, resolve);
      // First: should there be no room for it, what is kept of it goes too.
      if (!this.#connected) this.options.keeper.keep([added]);
      this.#outbox.push(added);
      this.#pump();
    });
  }

  async subscribe(filters: readonly string[], qos: 0 | 1 = 1): Promise<void> {
    if (filters.length === 0) return;
    this.#filters.add(filters, qos);
    // Before the first connection the filters go out with it.
    if (!this.#connected || this.#client === undefined) return await this.#attempted.promise;
    await this.#filters.subscribe(this.#client, filters);
  }

  unsubscribe(filters: readonly string[]): void {
    this.#filters.remove(filters);
    if (!this.#connected || this.#client === undefined || filters.length === 0) return;
    void this.#filters.unsubscribe(this.#client, filters);
  }

  /** Connects, and connects again after every outage, until the link is closed. Never rejects. */
  async run(listener: LinkListener): Promise<void> {
    const { clock, log, broker } = this.options;
    let failures = 0;
    let awaySinceMs = clock.monotonicMs();
    let saidAtMs = -Infinity;
    let said = "";
    while (!this.#closing.signal.aborted) {
      const reason = await this.#connectOnce(listener, () => {
        if (failures > 0) log.info(`Connected to ${broker.url}`);
        failures = 0;
        said = "";
      });
      if (this.#closing.signal.aborted) return;
      if (failures === 0) awaySinceMs = clock.monotonicMs();
      failures += 1;
      if (reason !== said || clock.monotonicMs() - saidAtMs >= REMIND_MS) {
        log.warning(
          `No connection to the broker at ${broker.url}: ${reason}. Trying again until it is there.`,
        );
        said = reason;
        saidAtMs = clock.monotonicMs();
      }
      const delayMs = reconnectDelayMs(failures, clock.monotonicMs() - awaySinceMs, Math.random());
      await clock.sleep(delayMs, this.#closing.signal);
    }
  }

  async close(drainMs: number): Promise<void> {
    const drained = new AbortController();
    this.#onDrained = () => drained.abort();
    if (this.#connected && this.queued > 0) await this.options.clock.sleep(drainMs, drained.signal);
    this.#closing.abort();
    const client = this.#client;
    if (client !== undefined) {
      await new Promise<void>((resolve) => client.end(!this.#connected, {}, () => resolve()));
    }
    this.options.keeper[Symbol.dispose]();
  }

  /** One connection, from its first packet to its end. Resolves with the reason of the end. */
  #connectOnce(listener: LinkListener, onConnected: () => void): Promise<string> {
    return new Promise((resolve) => {
      let refusal: string | undefined;
      const client = this.#client = this.#openClient((reason) => refusal = reason);
      let failure: ConnectionError | undefined;
      client.on("connect", () => {
        disableNagle(client);
        this.#connected = true;
        this.#saidFull = false;
        onConnected();
        void this.#filters.subscribeAll(client).then(this.#attempted.resolve);
        listener.onConnected();
        this.#pump();
      });
      client.on("message", (topic, payload, packet) => {
        listener.onMessage({ topic, payload, retained: packet.retain });
      });
      client.on("error", (error) => failure ??= error);
      client.on("close", () => {
        client.removeAllListeners("message");
        const wasConnected = this.#connected;
        // First: ending the client fails what is under way, and that must go back to the outbox.
        this.#lost();
        this.#attempted.resolve();
        const reason = refusal ?? describeFailure(failure, this.#attempt(wasConnected));
        if (wasConnected) listener.onDisconnected(reason);
        client.end(true);
        resolve(reason);
      });
    });
  }

  #openClient(onRefused: (reason: string) => void): MqttClient {
    const { broker, vet } = this.options;
    const options = this.#clientOptions();
    // What has TLS asks the other end for its certificate.
    if (vet === undefined || !broker.url.startsWith("mqtt://")) return mqtt.connect(broker.url, options);
    return new mqtt.MqttClient(() => vettedSocket(broker, vet, onRefused), options);
  }

  #attempt(accepted: boolean): Attempt {
    const { broker, access } = this.options;
    return {
      broker,
      accepted,
      hasCa: access.ca !== undefined,
      hasCertificate: access.identity !== undefined,
      hasUsername: access.username !== undefined,
      timeoutMs: CONNECT_TIMEOUT_MS,
    };
  }

  #clientOptions(): IClientOptions {
    const { clientId, persistent, will, access } = this.options;
    return {
      clientId,
      protocolVersion: 4,
      clean: !persistent,
      keepalive: KEEPALIVE_SECONDS,
      connectTimeout: CONNECT_TIMEOUT_MS,
      reconnectPeriod: 0,
      queueQoSZero: false,
      // A timer set anew for every packet costs more than a ping every so often.
      reschedulePings: false,
      resubscribe: false,
      ...credentialOptions(access),
      ...(will === undefined
        ? {}
        : { will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 1, retain: true } }),
    };
  }

  #pump(): void {
    while (this.#connected && this.#suspect === undefined && this.#hasRoom) {
      const next = this.#outbox.shift();
      if (next === undefined) return;
      if (this.#lossesOf(next) >= LOSSES_TO_SUSPECT) {
        if (this.#inFlight.size > 0) return this.#outbox.putBack([next]);
        this.#suspect = next;
      }
      this.#send(next);
    }
  }

  get #hasRoom(): boolean {
    return this.#inFlight.size < MAX_IN_FLIGHT && this.#inFlightBytes < MAX_IN_FLIGHT_BYTES;
  }

  #send(entry: Entry): void {
    const { topic, payload, qos, retain } = entry.message;
    this.#inFlight.add(entry);
    this.#inFlightBytes += entry.bytes;
    this.#sent += 1;
    if (this.options.log.isDebug) {
      this.options.log.debug(
        `out #${this.#sent} ${topic} (${payload.length} bytes${retain ? ", retained" : ""})`,
      );
    }
    // Node's Buffer is what the client takes without a copy.
    const body = typeof payload === "string"
      ? payload
      : Buffer.from(payload.buffer, payload.byteOffset, payload.length);
    const client = this.#client;
    client?.publish(topic, body, { qos, retain }, (error) => {
      // The connection broke: #lost takes it back, and it will be sent again.
      if (!this.#inFlight.has(entry) || (error && (!client.connected || client.disconnecting))) return;
      this.#inFlight.delete(entry);
      this.#inFlightBytes -= entry.bytes;
      this.options.keeper.forget(entry);
      this.#suspect = undefined;
      if (error) this.options.log.warning(`Cannot publish to ${topic}: ${error.message}`);
      entry.settle();
      this.#pump();
      if (this.queued === 0) this.#onDrained?.();
    });
  }

  #onDropped(entry: Entry): void {
    const { keeper, log, limits } = this.options;
    keeper.forget(entry);
    if (this.#saidFull) return;
    this.#saidFull = true;
    const mib = limits.bytes / 1024 / 1024;
    log.warning(
      `The outbox is full (${limits.messages} messages or ${mib} MB): the oldest readings are dropped. ` +
        "More room: --outbox-messages, --outbox-mb",
    );
  }

  #lossesOf(entry: Entry): number {
    return this.#losses.get(entry) ?? 0;
  }

  #lost(): void {
    this.#connected = false;
    for (const entry of this.#inFlight) this.#losses.set(entry, this.#lossesOf(entry) + 1);
    const suspect = this.#suspect;
    if (suspect !== undefined && this.#lossesOf(suspect) >= LOSSES_TO_DISCARD) {
      this.#inFlight.delete(suspect);
      this.#outbox.discard(suspect);
      this.options.keeper.forget(suspect);
      const { topic } = suspect.message;
      this.options.log.error(
        `The connection breaks over a message on ${topic} again and again: it is dropped`,
      );
    }
    this.#suspect = undefined;
    this.#outbox.putBack([...this.#inFlight]);
    this.#inFlight.clear();
    this.#inFlightBytes = 0;
    this.options.keeper.keep(this.#outbox.waiting());
    this.#onDrained?.();
  }
}

/** Small messages leave at once instead of waiting for the acknowledgement of the last ones. */
function disableNagle(client: MqttClient): void {
  const stream: unknown = client.stream;
  if (typeof stream === "object" && stream !== null && "setNoDelay" in stream) {
    (stream.setNoDelay as (on: boolean) => void).call(stream, true);
  }
}
