/** Gets what waits in the outbox to the broker, over one connection after the other. */
import type { MqttClient } from "mqtt";
import type { Clock } from "../clock.ts";
import type { Logger } from "../logger.ts";
import { Caution, type Way } from "./caution.ts";
import { type Entry, entry } from "./entry.ts";
import type { Keeper } from "./keeper.ts";
import type { OutgoingMessage } from "./link.ts";
import { Outbox, type OutboxLimits } from "./outbox.ts";

export interface SenderParts {
  readonly limits: OutboxLimits;
  /** Where messages are kept while the broker is away. */
  readonly keeper: Keeper;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Messages under way to the broker, not yet acknowledged. */
const MAX_IN_FLIGHT = 1024;
/** … and their size: what is important waits behind them, however large they are. */
const MAX_IN_FLIGHT_BYTES = 512 * 1024;
/** With care, one at QoS 0 has got through when the connection still stands after so long. */
const PROOF_MS = 500;
/** … and any other so long after its acknowledgement: some brokers acknowledge what they forbid, and close then. */
const ACK_PROOF_MS = 20;

/**
 * Invariants: a message leaves the outbox only for a live connection, and goes back to its front when that breaks
 * before the broker has acknowledged it; so each is delivered at least once, or counted as dropped. While there is no
 * connection, `publish` settles at once.
 */
export class Sender {
  readonly caution = new Caution();
  readonly #outbox: Outbox;
  readonly #inFlight = new Set<Entry>();
  #inFlightBytes = 0;
  #lastAckMs = -Infinity;
  #client: MqttClient | undefined;
  #sent = 0;
  /** Said once per outage. */
  #saidFull = false;
  #onDrained: (() => void) | undefined;

  constructor(private readonly parts: SenderParts) {
    this.#outbox = new Outbox(parts.limits, (entry) => this.#onDropped(entry));
    // What an earlier process has left goes before all that is new.
    for (const entry of parts.keeper.load()) this.#outbox.push(entry);
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
      if (this.#client === undefined) this.parts.keeper.keep([added]);
      this.#outbox.push(added);
      this.pump();
    });
  }

  /** From now on over this connection. @param first what is published before all that waits */
  begin(client: MqttClient, first: () => void): void {
    this.#client = client;
    this.#saidFull = false;
    first();
    this.pump();
  }

  /** The connection has ended. @param filtersUnderWay whether subscriptions were, too */
  lost(filtersUnderWay: boolean): void {
    this.#client = undefined;
    const isJustAcked = this.parts.clock.monotonicMs() - this.#lastAckMs < ACK_PROOF_MS;
    if (!this.caution.isOn) this.caution.broke(filtersUnderWay || this.#inFlight.size > 0 || isJustAcked);
    else for (const entry of this.#inFlight) this.#blame(entry);
    this.#outbox.putBack([...this.#inFlight]);
    this.#inFlight.clear();
    this.#inFlightBytes = 0;
    this.parts.keeper.keep(this.#outbox.waiting());
    this.#onDrained?.();
  }

  /** Waits until nothing waits any more, or the connection has ended; at most `ms` milliseconds. */
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
    if (this.caution.isOn) return this.#inFlight.size === 0;
    return this.#inFlight.size < MAX_IN_FLIGHT && this.#inFlightBytes < MAX_IN_FLIGHT_BYTES;
  }

  #send(entry: Entry, client: MqttClient): void {
    const { message } = entry;
    const { topic, payload } = message;
    const isPlain = this.caution.takesAll && !this.caution.isOn;
    if (!isPlain && this.caution.isBanned(message, this.parts.clock.monotonicMs())) {
      return this.#giveUp(entry);
    }
    const way = isPlain ? message : this.caution.wayFor(message);
    const { qos, retain } = way;
    this.#inFlight.add(entry);
    this.#inFlightBytes += entry.bytes;
    this.#sent += 1;
    if (this.parts.log.isDebug) {
      this.parts.log.debug(
        `out #${this.#sent} ${topic} (${payload.length} bytes${retain ? ", retained" : ""})`,
      );
    }
    // Node's Buffer is what the client takes without a copy.
    const body = typeof payload === "string"
      ? payload
      : Buffer.from(payload.buffer, payload.byteOffset, payload.length);
    client.publish(topic, body, { qos, retain }, (error) => {
      // The connection broke: `lost` takes it back, and it will be sent again.
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
    this.#lastAckMs = this.parts.clock.monotonicMs();
    this.parts.keeper.forget(entry);
    for (const lack of this.caution.passed(entry.message, way)) this.sayLack(lack);
    entry.settle();
    this.pump();
    if (this.queued === 0) this.#onDrained?.();
  }

  /** The broker has turned out not to take something. */
  sayLack(lack: string): void {
    this.parts.log.warning(`The broker does not take ${lack}`);
  }

  #blame(entry: Entry): void {
    if (!this.caution.brokeOver(entry.message, this.parts.clock.monotonicMs())) return;
    this.#inFlight.delete(entry);
    this.#giveUp(entry);
    const { topic, payload } = entry.message;
    this.parts.log.error(
      `The broker closes the connection over a message on ${topic} (${payload.length} bytes): it is dropped, and so ` +
        "are those like it. Is it larger than the broker allows, or against its rules?",
    );
  }

  #giveUp(entry: Entry): void {
    this.#outbox.discard(entry);
    this.parts.keeper.forget(entry);
  }

  #onDropped(entry: Entry): void {
    const { keeper, log, limits } = this.parts;
    keeper.forget(entry);
    if (this.#saidFull) return;
    this.#saidFull = true;
    const mib = limits.bytes / 1024 / 1024;
    log.warning(
      `The outbox is full (${limits.messages} messages or ${mib} MB): the oldest readings are dropped. ` +
        "More room: --outbox-messages, --outbox-mb",
    );
  }
}
