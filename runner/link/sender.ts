/** Sends the outbox to the broker over successive connections. */
import type { MqttClient } from "mqtt";
import type { Clock } from "../clock.ts";
import type { Logger } from "../logger.ts";
import { Caution, type Way } from "./caution.ts";
import { type Entry, entry } from "./entry.ts";
import type { Keeper } from "./keeper.ts";
import type { MessageTrail, OutgoingMessage } from "./link.ts";
import { Outbox, type OutboxLimits } from "./outbox.ts";

export interface SenderParts {
  readonly limits: OutboxLimits;
  /** Where messages are stored while the broker is away. */
  readonly keeper: Keeper;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Maximum messages in flight, not yet acknowledged. */
const MAX_IN_FLIGHT = 1024;
/** … and their total size, because important messages wait behind them. */
const MAX_IN_FLIGHT_BYTES = 512 * 1024;
/** In careful mode, a QoS 0 message counts as delivered if the connection is still up after this time. */
const PROOF_MS = 500;
/** … and any other message this long after its acknowledgement: some brokers acknowledge a forbidden message, then close. */
const ACK_PROOF_MS = 20;

/** Why a message was given up, for the operator. */
const CLOSES =
  "it closes the connection over such messages. Are they too large for it, or do its access rules forbid them?";

/**
 * Invariants: a message leaves the outbox only for a live connection, and returns to its front if the connection breaks
 * before the broker acknowledges it; so each is delivered at least once, or counted as dropped. Without a connection,
 * `publish` settles at once.
 */
export class Sender {
  readonly caution = new Caution();
  readonly #outbox: Outbox;
  readonly #inFlight = new Set<Entry>();
  #inFlightBytes = 0;
  /** In careful mode: how many more messages may join those under way. */
  #groupLeft = 0;
  #lastAckMs = -Infinity;
  /** Since when the broker has acknowledged nothing, while something is in flight. */
  #waitingSinceMs = 0;
  #client: MqttClient | undefined;
  #trail: MessageTrail | undefined;
  #sent = 0;
  /** Logged once per outage. */
  #saidFull = false;
  #onDrained: (() => void) | undefined;

  constructor(private readonly parts: SenderParts) {
    this.#outbox = new Outbox(parts.limits, (entry) => this.#onDropped(entry));
    // Messages left by an earlier process go before all new ones.
    for (const entry of parts.keeper.load()) this.#outbox.push(entry);
  }

  get queued(): number {
    return this.#outbox.size + this.#inFlight.size;
  }

  get dropped(): number {
    return this.#outbox.dropped;
  }

  follow(trail: MessageTrail): void {
    this.#trail = trail;
    for (const { message } of this.#outbox.waiting()) trail.onRestored(message);
  }

  /** As `Link.limitOf`. */
  limitOf(topic: string): number | undefined {
    return this.caution.limitOf(topic, this.parts.clock.monotonicMs());
  }

  publish(message: OutgoingMessage): Promise<void> {
    return new Promise((resolve) => {
      const added = entry(message, resolve);
      // Nothing waits before it.
      if (this.#client !== undefined && this.#outbox.size === 0 && this.#hasRoom) {
        return this.#send(added, this.#client);
      }
      // Store it first: if there is no room for it, its stored copy is removed too.
      if (this.#client === undefined) this.parts.keeper.keep([added]);
      this.#outbox.push(added);
      this.pump();
    });
  }

  /** Sends over this connection from now on. @param first what it publishes leaves before waiting telemetry */
  begin(client: MqttClient, first: () => void): void {
    this.#client = client;
    this.#saidFull = false;
    first();
    this.pump();
  }

  /** How long something has been in flight without any acknowledgement, milliseconds. */
  get stalledMs(): number {
    return this.#inFlight.size === 0 ? 0 : this.parts.clock.monotonicMs() - this.#waitingSinceMs;
  }

  /**
   * The connection has ended.
   * @param filtersUnderWay whether subscriptions were in flight, too
   * @param isGivenUp whether this side has ended it because nothing came back: then nothing that was sent is to blame
   */
  lost(filtersUnderWay: boolean, isGivenUp: boolean): void {
    this.#client = undefined;
    for (const { message } of this.#inFlight) this.#trail?.onBroken(message);
    const underWay = [...this.#inFlight].map(({ message }) => message);
    const isJustAcked = this.parts.clock.monotonicMs() - this.#lastAckMs < ACK_PROOF_MS;
    if (isGivenUp) this.#groupLeft = 0;
    else if (this.caution.isOn) this.#blame(underWay);
    else this.caution.broke(underWay, filtersUnderWay || isJustAcked);
    this.#outbox.putBack([...this.#inFlight]);
    this.#inFlight.clear();
    this.#inFlightBytes = 0;
    this.parts.keeper.keep(this.#outbox.waiting());
    this.#onDrained?.();
  }

  /** Resolves when the outbox is empty or the connection has ended, or after `ms` milliseconds. */
  async drain(ms: number): Promise<void> {
    if (this.#client === undefined || this.queued === 0) return;
    const drained = new AbortController();
    this.#onDrained = () => drained.abort();
    await this.parts.clock.sleep(ms, drained.signal);
  }

  pump(): void {
    while (this.#client !== undefined && this.#hasRoom) {
      const next = this.#outbox.shift();
      if (next === undefined) return;
      this.#send(next, this.#client);
    }
  }

  get #hasRoom(): boolean {
    if (this.caution.isOn) {
      if (this.#inFlight.size === 0) this.#groupLeft = this.caution.groupSize;
      return this.#groupLeft > 0;
    }
    return this.#inFlight.size < MAX_IN_FLIGHT && this.#inFlightBytes < MAX_IN_FLIGHT_BYTES;
  }

  #send(entry: Entry, client: MqttClient): void {
    const { message } = entry;
    const { topic, payload } = message;
    const isPlain = this.caution.takesAll && !this.caution.isOn;
    if (!isPlain && this.caution.isPutAside(message, this.parts.clock.monotonicMs())) {
      return this.#giveUp(entry);
    }
    const way = isPlain ? message : this.caution.wayFor(message);
    const { qos, retain } = way;
    if (this.#inFlight.size === 0) this.#waitingSinceMs = this.parts.clock.monotonicMs();
    this.#inFlight.add(entry);
    this.#inFlightBytes += entry.bytes;
    this.#groupLeft -= 1;
    this.#sent += 1;
    this.#trail?.onSent(message);
    if (this.parts.log.isDebug) {
      this.parts.log.debug(
        `out #${this.#sent} ${topic} (${payload.length} bytes${retain ? ", retained" : ""})`,
      );
    }
    // The client accepts Node's Buffer without copying.
    const body = typeof payload === "string"
      ? payload
      : Buffer.from(payload.buffer, payload.byteOffset, payload.length);
    client.publish(topic, body, { qos, retain }, (error) => {
      // The connection broke: `lost` puts the message back, and it is sent again.
      if (!this.#inFlight.has(entry) || (error && (!client.connected || client.disconnecting))) return;
      if (error) this.parts.log.warning(`Cannot publish to ${topic}: ${error.message}`);
      if (this.caution.isOn) void this.#settleWhenProved(entry, way, client);
      else this.#settle(entry, way);
    });
  }

  async #settleWhenProved(entry: Entry, way: Way, client: MqttClient): Promise<void> {
    await this.parts.clock.sleep(way.qos === 0 ? PROOF_MS : ACK_PROOF_MS);
    if (this.#client === client && this.#inFlight.has(entry)) this.#settle(entry, way);
  }

  #settle(entry: Entry, way: Way): void {
    this.#inFlight.delete(entry);
    this.#inFlightBytes -= entry.bytes;
    this.#lastAckMs = this.#waitingSinceMs = this.parts.clock.monotonicMs();
    this.parts.keeper.forget(entry);
    this.#trail?.onAcknowledged(entry.message);
    for (const lack of this.caution.passed(entry.message, way)) this.sayLack(lack);
    entry.settle();
    this.pump();
    if (this.queued === 0) this.#onDrained?.();
  }

  /** The broker turned out not to support something. */
  sayLack(lack: string): void {
    this.parts.log.warning(`The broker does not support ${lack}`);
  }

  #blame(group: readonly OutgoingMessage[]): void {
    const found = this.caution.groupBroke(group, this.parts.clock.monotonicMs());
    if (found === undefined) return;
    for (const entry of this.#inFlight) {
      if (entry.message !== found) continue;
      this.#inFlight.delete(entry);
      this.#giveUp(entry);
    }
    const { topic, payload } = found;
    this.parts.log.error(
      `The broker closes the connection over a message on ${topic} (${payload.length} bytes): it is dropped, and so are ` +
        "similar messages. Is it too large for the broker, or do its access rules forbid it?",
    );
  }

  #giveUp(entry: Entry): void {
    this.#outbox.discard(entry);
    this.parts.keeper.forget(entry);
    this.#trail?.onDropped(entry.message, CLOSES);
  }

  #onDropped(entry: Entry): void {
    const { keeper, log, limits } = this.parts;
    keeper.forget(entry);
    this.#trail?.onDropped(entry.message, undefined);
    if (this.#saidFull) return;
    this.#saidFull = true;
    const mib = limits.bytes / 1024 / 1024;
    log.warning(
      `The outbox is full (${limits.messages} messages or ${mib} MB): the oldest readings are dropped. ` +
        "More room: --outbox-messages, --outbox-mb",
    );
  }
}
