/** The filters a link is subscribed to, and the packets that tell the broker. */
import type { IClientSubscribeOptions, ISubscriptionGrant, MqttClient, Packet } from "mqtt";
import type { Logger } from "../logger.ts";
import type { RefusedFilter } from "./link.ts";

/** Clusters may take half a second for each: a slow broker is told from a hung one by its answers. */
const MAX_FILTERS_PER_PACKET = 2;
/** How many connections a filter must break, sent alone, before it is given up. */
const TRIES = 2;

/**
 * Invariants: a filter is subscribed again only after the broker has confirmed its unsubscription; if the broker closes
 * the connection over a packet, smaller packets are sent, and a filter that breaks the connection alone is not sent again.
 */
export class Filters {
  /** Each filter with its QoS. */
  readonly #wanted = new Map<string, 0 | 1>();
  /** Pending unsubscriptions, by filter: each settles when the broker has confirmed it. */
  readonly #leaving = new Map<string, Promise<void>>();
  /** Why the broker refused a filter, by filter. */
  readonly #refused = new Map<string, string>();
  /** Packets the broker has not answered yet. */
  readonly #unanswered = new Set<readonly string[]>();
  readonly #broken = new Map<string, number>();
  #perPacket = MAX_FILTERS_PER_PACKET;
  #saidQos = false;
  #answers = 0;

  constructor(private readonly log: Logger) {}

  /** How many packets have been answered so far. */
  get answers(): number {
    return this.#answers;
  }

  add(filters: readonly string[], qos: 0 | 1): void {
    for (const filter of filters) this.#wanted.set(filter, qos);
  }

  remove(filters: readonly string[]): void {
    for (const filter of filters) this.#wanted.delete(filter);
  }

  /** Those of `filters` that the broker has refused. */
  refusedOf(filters: readonly string[]): RefusedFilter[] {
    return filters.flatMap((filter) => {
      const reason = this.#refused.get(filter);
      return reason === undefined ? [] : [{ filter, reason }];
    });
  }

  /**
   * Subscribes to all filters on a new connection. Resolves when the broker has answered for all.
   * @param carefully whether each packet waits for the answer to the previous one
   * @returns the filters it refuses
   */
  async subscribeAll(client: MqttClient, carefully: boolean): Promise<RefusedFilter[]> {
    this.#leaving.clear();
    this.#saidQos = false;
    for (const filter of this.#refused.keys()) if (!this.#isGivenUp(filter)) this.#refused.delete(filter);
    const filters = [...this.#wanted.keys()];
    await this.#send(client, filters, carefully);
    return this.refusedOf(filters);
  }

  /** Subscribes on a live connection. Resolves when the broker has answered for those still wanted. @returns the refused ones */
  async subscribe(client: MqttClient, filters: readonly string[]): Promise<RefusedFilter[]> {
    // A broker may process packets that arrive together in any order.
    const leaving = filters.flatMap((filter) => this.#leaving.get(filter) ?? []);
    if (leaving.length > 0) await Promise.all(leaving);
    if (client.connected) {
      await this.#send(
        client,
        filters.filter((filter) => this.#wanted.has(filter)),
        false,
      );
    }
    return this.refusedOf(filters);
  }

  async unsubscribe(client: MqttClient, filters: readonly string[]): Promise<void> {
    // The callback also runs when the connection breaks.
    const confirmed = new Promise<void>((resolve) => client.unsubscribe([...filters], () => resolve()));
    for (const filter of filters) this.#leaving.set(filter, confirmed);
    await confirmed;
    for (const filter of filters) if (this.#leaving.get(filter) === confirmed) this.#leaving.delete(filter);
  }

  /**
   * The connection has ended.
   * @param carefully whether only that one packet was in flight
   * @returns whether a packet was in flight
   */
  broke(carefully: boolean): boolean {
    const [packet] = this.#unanswered;
    this.#unanswered.clear();
    if (packet === undefined || !carefully) return packet !== undefined;
    const [filter] = packet;
    if (packet.length > 1) this.#perPacket = Math.ceil(packet.length / 2);
    else if (filter !== undefined) this.#blame(filter);
    return true;
  }

  #blame(filter: string): void {
    this.#broken.set(filter, (this.#broken.get(filter) ?? 0) + 1);
    if (!this.#isGivenUp(filter)) return;
    this.#refused.set(filter, "the broker closes the connection over it");
    this.log.error(
      `The broker closes the connection over a subscription to ${filter}: this node continues without it` +
        (/[+#]/.test(filter) ? ". Does the broker not support wildcards?" : ""),
    );
  }

  #isGivenUp(filter: string): boolean {
    return (this.#broken.get(filter) ?? 0) >= TRIES;
  }

  async #send(client: MqttClient, wanted: readonly string[], carefully: boolean): Promise<void> {
    const filters = wanted.filter((filter) => !this.#isGivenUp(filter));
    const packets: Promise<void>[] = [];
    for (let start = 0; start < filters.length; start += this.#perPacket) {
      const sent = this.#sendPacket(client, filters.slice(start, start + this.#perPacket));
      if (carefully) await sent;
      if (!client.connected) break;
      packets.push(sent);
    }
    await Promise.all(packets);
  }

  #sendPacket(client: MqttClient, filters: readonly string[]): Promise<void> {
    const wanted: Record<string, IClientSubscribeOptions> = Object.fromEntries(
      filters.map((filter) => [filter, { qos: this.#wanted.get(filter) ?? 1 }]),
    );
    this.#unanswered.add(filters);
    return new Promise((resolve) => {
      client.subscribe(wanted, (error, _grants?: ISubscriptionGrant[], answer?: Packet) => {
        // If the connection broke, `broke` has counted it.
        if (this.#unanswered.delete(filters)) this.#take(filters, answer, error);
        this.#answers += 1;
        resolve();
      });
    });
  }

  #take(filters: readonly string[], answer: Packet | undefined, error: Error | null): void {
    const codes = answer?.cmd === "suback" ? answer.granted.map(Number) : undefined;
    if (codes?.length !== filters.length) {
      return this.log.warning(`Cannot subscribe to ${filters.join(", ")}: ${error?.message ?? "no answer"}`);
    }
    filters.forEach((filter, index) => {
      this.#broken.delete(filter);
      this.#refused.delete(filter);
      if ((codes[index] ?? 0) >= 128) {
        this.#refused.set(filter, "the broker refuses it: check its access rules");
      }
    });
    const refused = this.refusedOf(filters).map(({ filter }) => filter);
    if (refused.length > 0) {
      const isWildcard = refused.some((filter) => /[+#]/.test(filter));
      this.log.error(
        `The broker refuses a subscription to ${refused.join(", ")}: check its access rules` +
          (isWildcard ? ", and whether it supports wildcards" : ""),
      );
    }
    if (filters.some((filter, index) => this.#wanted.get(filter) === 1 && codes[index] === 0)) this.#sayQos();
    this.log.debug(`subscribed: ${filters.join(", ")}`);
  }

  #sayQos(): void {
    if (this.#saidQos) return;
    this.#saidQos = true;
    this.log.warning(
      "The broker delivers at QoS 0 only: messages sent to this node while it is away are lost",
    );
  }
}
