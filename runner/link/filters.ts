/** What a link is subscribed to, and what it says to the broker about that. */
import type { MqttClient } from "mqtt";
import type { Logger } from "../logger.ts";

const MAX_FILTERS_PER_PACKET = 100;

/** Invariant: a filter that is wanted again is sent only after the broker has let go of it. */
export class Filters {
  /** With the QoS they are subscribed at. */
  readonly #wanted = new Map<string, 0 | 1>();
  /** Unsubscriptions under way, by filter: each settles when the broker has confirmed it. */
  readonly #leaving = new Map<string, Promise<void>>();

  constructor(private readonly log: Logger) {}

  add(filters: readonly string[], qos: 0 | 1): void {
    for (const filter of filters) this.#wanted.set(filter, qos);
  }

  remove(filters: readonly string[]): void {
    for (const filter of filters) this.#wanted.delete(filter);
  }

  /** On a new connection. Resolves when the broker has confirmed all. Never rejects: a refusal is the operator's to mend. */
  async subscribeAll(client: MqttClient): Promise<void> {
    this.#leaving.clear();
    await this.#send(client, [...this.#wanted.keys()]);
  }

  /** On a live connection. Resolves when the broker has confirmed those that are still wanted. Never rejects. */
  async subscribe(client: MqttClient, filters: readonly string[]): Promise<void> {
    // A broker may carry out packets that arrive together in any order.
    const leaving = filters.flatMap((filter) => this.#leaving.get(filter) ?? []);
    if (leaving.length > 0) await Promise.all(leaving);
    if (client.connected) await this.#send(client, filters.filter((filter) => this.#wanted.has(filter)));
  }

  async unsubscribe(client: MqttClient, filters: readonly string[]): Promise<void> {
    // Called back when the connection breaks, too.
    const confirmed = new Promise<void>((resolve) => client.unsubscribe([...filters], () => resolve()));
    for (const filter of filters) this.#leaving.set(filter, confirmed);
    await confirmed;
    for (const filter of filters) if (this.#leaving.get(filter) === confirmed) this.#leaving.delete(filter);
  }

  async #send(client: MqttClient, filters: readonly string[]): Promise<void> {
    const packets: Promise<void>[] = [];
    for (let start = 0; start < filters.length; start += MAX_FILTERS_PER_PACKET) {
      packets.push(this.#sendPacket(client, filters.slice(start, start + MAX_FILTERS_PER_PACKET)));
    }
    await Promise.all(packets);
  }

  #sendPacket(client: MqttClient, filters: readonly string[]): Promise<void> {
    const wanted = Object.fromEntries(
      filters.map((filter) => [filter, { qos: this.#wanted.get(filter) ?? 1 }]),
    );
    return new Promise((resolve) => {
      client.subscribe(wanted, (error, grants) => {
        const refused = (grants ?? []).filter((grant) => grant.qos === 128).map((grant) => grant.topic);
        if (refused.length > 0) {
          this.log.error(
            `The broker refuses a subscription to ${refused.join(", ")}: check its access rules`,
          );
        } else if (error === null) {
          this.log.debug(`subscribed: ${filters.join(", ")}`);
        } else if (client.connected) {
          this.log.warning(`Cannot subscribe to ${filters.join(", ")}: ${error.message}`);
        }
        resolve();
      });
    });
  }
}
