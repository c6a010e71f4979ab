/**
 * Limits what the broker library stores: retained messages, sessions and their queued messages, unfinished QoS 2
 * messages. Without it, the library stores whatever anybody sends.
 */

/** A message as the library represents it. */
interface Packet {
  readonly topic: string;
  readonly payload: string | Uint8Array;
  /** Who has published it. */
  readonly clientId?: string;
  readonly messageId?: number;
  readonly brokerId?: string;
  readonly brokerCounter?: number;
}

interface ClientRef {
  readonly id: string;
}

/** The parts of the library's store that can grow. */
export interface Store {
  storeRetained(packet: Packet): Promise<void>;
  addSubscriptions(client: ClientRef, subscriptions: readonly unknown[]): Promise<void>;
  cleanSubscriptions(client: ClientRef): Promise<void>;
  outgoingEnqueue(subscription: Subscriber, packet: Packet): Promise<void>;
  outgoingEnqueueCombi(
    subscriptions: readonly Subscriber[],
    packet: Packet,
  ): Promise<void>;
  /** Rejects if the message is not stored. */
  outgoingUpdate(client: ClientRef, packet: Packet): Promise<void>;
  outgoingClearMessageId(
    client: ClientRef,
    packet: { readonly messageId?: number },
  ): Promise<Packet | undefined>;
  outgoingStream(client: ClientRef): AsyncIterable<Packet>;
  incomingStorePacket(client: ClientRef, packet: Packet): Promise<void>;
  incomingDelPacket(client: ClientRef, packet: Packet): Promise<void>;
  cleanIncoming(client: ClientRef): Promise<void>;
}

/** A session that a message is for. */
interface Subscriber {
  readonly clientId: string;
  /** "No local": not for what the client itself has published. */
  readonly nl?: boolean;
}

export interface StoreLimits {
  readonly retained: { readonly messages: number; readonly bytes: number };
  readonly sessions: number;
  /** Of one session. */
  readonly waiting: { readonly messages: number; readonly bytes: number };
  /** Of all sessions together. */
  readonly waitingBytes: number;
  /** Of all clients together. */
  readonly unfinishedBytes: number;
}

export interface StoreParts {
  readonly limits: StoreLimits;
  readonly isConnected: (clientId: string) => boolean;
  /** Something was not stored; reported to the operator once per kind. */
  readonly onFull: (message: string) => void;
}

/** Overhead of one message besides its content. */
const OVERHEAD_BYTES = 200;

/** Invariant: stored data is within the limits after each call; connected clients still get messages that are not stored. */
export class StoreBounds {
  readonly #retained = new Tally<string>();
  /** By client, in order of arrival. */
  readonly #waiting = new Map<string, Tally<string>>();
  readonly #unfinished = new Map<string, Tally<number>>();
  readonly #sessions = new Set<string>();
  /** The library passes a packet's list once for each of its entries. */
  readonly #added = new WeakSet<readonly unknown[]>();
  readonly #said = new Set<string>();

  private constructor(private readonly store: Store, private readonly parts: StoreParts) {}

  /** Wraps the store's own methods with the limits. */
  static around(store: Store, parts: StoreParts): void {
    const bounds = new StoreBounds({ ...bindAll(store) }, parts);
    Object.assign(
      store,
      {
        storeRetained: (packet: Packet) => bounds.#retain(packet),
        addSubscriptions: (client: ClientRef, list: readonly unknown[]) => bounds.#subscribe(client, list),
        cleanSubscriptions: (client: ClientRef) => bounds.#endSession(client),
        outgoingEnqueue: (to: Subscriber, packet: Packet) => bounds.#enqueue([to], packet),
        outgoingEnqueueCombi: (to: Subscriber[], packet: Packet) => bounds.#enqueue(to, packet),
        // It is not stored for its client, which is connected and gets it now.
        outgoingUpdate: (client: ClientRef, packet: Packet) =>
          bounds.store.outgoingUpdate(client, packet).catch(() => {}),
        outgoingClearMessageId: (client: ClientRef, packet: Packet) => bounds.#acknowledge(client, packet),
        incomingStorePacket: (client: ClientRef, packet: Packet) => bounds.#begin(client, packet),
        incomingDelPacket: (client: ClientRef, packet: Packet) => bounds.#finish(client, packet),
        cleanIncoming: (client: ClientRef) => bounds.#forget(client),
      } satisfies Omit<Store, "outgoingStream">,
    );
  }

  /** Over the limit, a message is passed on but not stored; stored ones stay and can be replaced. */
  async #retain(packet: Packet): Promise<void> {
    const { topic, payload } = packet;
    const { messages, bytes } = this.parts.limits.retained;
    if (payload.length === 0) this.#retained.remove(topic);
    else {
      const more = sizeOf(packet) - this.#retained.sizeOf(topic);
      const isFull = this.#retained.bytes + more > bytes ||
        !this.#retained.has(topic) && this.#retained.count >= messages;
      if (isFull && more > 0) return this.#say("retained messages", `${messages} or ${bytes} bytes`);
      this.#retained.set(topic, sizeOf(packet));
    }
    await this.store.storeRetained(packet);
  }

  async #subscribe(client: ClientRef, list: readonly unknown[]): Promise<void> {
    if (this.#added.has(list)) return;
    this.#added.add(list);
    this.#sessions.add(client.id);
    const { sessions } = this.parts.limits;
    for (const id of this.#sessions) {
      if (this.#sessions.size <= sessions) break;
      if (id === client.id || this.parts.isConnected(id)) continue;
      this.#say("sessions", `${sessions}`);
      await this.#endSession({ id });
    }
    await this.store.addSubscriptions(client, list);
  }

  async #endSession(client: ClientRef): Promise<void> {
    this.#sessions.delete(client.id);
    await this.store.cleanSubscriptions(client);
    await this.#drain(client);
  }

  /** A session that wants nothing of its own client's is not given it: the library sees to that only while it is open. */
  async #enqueue(to: readonly Subscriber[], packet: Packet): Promise<void> {
    const kept = [];
    const others = to.filter(({ clientId, nl }) => nl !== true || clientId !== packet.clientId);
    for (const one of others) if (await this.#hasRoomFor(one.clientId, packet)) kept.push(one);
    await this.store.outgoingEnqueueCombi(kept, packet);
  }

  async #hasRoomFor(id: string, packet: Packet): Promise<boolean> {
    const { messages, bytes } = this.parts.limits.waiting;
    const { waitingBytes } = this.parts.limits;
    const size = sizeOf(packet);
    const isFull = (tally: Tally<string>) => tally.count >= messages || tally.bytes + size > bytes;
    let tally = this.#waiting.get(id) ?? new Tally<string>();
    // The library may have replaced a message, in which case the count is too high.
    if (isFull(tally)) tally = await this.#recount(id);
    if (isFull(tally)) {
      this.#say("messages for one session", `${messages} or ${bytes} bytes`);
      return false;
    }
    tally.set(keyOf(packet), size);
    this.#waiting.set(id, tally);
    while (this.#waitingBytes() > waitingBytes) {
      const [largest] = [...this.#waiting].reduce((a, b) => a[1].bytes >= b[1].bytes ? a : b);
      this.#say("messages for all sessions", `${waitingBytes} bytes`);
      await this.#drain({ id: largest });
      if (largest === id) return false;
    }
    return true;
  }

  async #recount(id: string): Promise<Tally<string>> {
    const tally = new Tally<string>();
    for await (const packet of this.store.outgoingStream({ id })) tally.set(keyOf(packet), sizeOf(packet));
    return tally;
  }

  #waitingBytes(): number {
    let sum = 0;
    for (const { bytes } of this.#waiting.values()) sum += bytes;
    return sum;
  }

  async #acknowledge(client: ClientRef, packet: Packet): Promise<Packet | undefined> {
    const cleared = await this.store.outgoingClearMessageId(client, packet);
    if (cleared !== undefined) this.#waiting.get(client.id)?.remove(keyOf(cleared));
    if (this.#waiting.get(client.id)?.count === 0) this.#waiting.delete(client.id);
    return cleared;
  }

  async #drain(client: ClientRef): Promise<void> {
    this.#waiting.delete(client.id);
    for (const packet of await Array.fromAsync(this.store.outgoingStream(client))) {
      await this.store.outgoingClearMessageId(client, packet);
    }
  }

  async #begin(client: ClientRef, packet: Packet): Promise<void> {
    const size = sizeOf(packet);
    let sum = size;
    for (const { bytes } of this.#unfinished.values()) sum += bytes;
    if (sum > this.parts.limits.unfinishedBytes) throw new Error("too many messages of QoS 2 are unfinished");
    const tally = this.#unfinished.get(client.id) ?? new Tally<number>();
    tally.set(packet.messageId ?? 0, size);
    this.#unfinished.set(client.id, tally);
    await this.store.incomingStorePacket(client, packet);
  }

  async #finish(client: ClientRef, packet: Packet): Promise<void> {
    this.#unfinished.get(client.id)?.remove(packet.messageId ?? 0);
    await this.store.incomingDelPacket(client, packet);
  }

  async #forget(client: ClientRef): Promise<void> {
    this.#unfinished.delete(client.id);
    await this.store.cleanIncoming(client);
  }

  #say(what: string, limit: string): void {
    if (this.#said.has(what)) return;
    this.#said.add(what);
    this.parts.onFull(
      `The embedded broker stores no more ${what} (limit: ${limit}): a separate broker, such as mosquitto, can`,
    );
  }
}

/** Sizes by key, and their sum. */
class Tally<Key> {
  readonly #sizes = new Map<Key, number>();
  bytes = 0;

  get count(): number {
    return this.#sizes.size;
  }

  has(key: Key): boolean {
    return this.#sizes.has(key);
  }

  sizeOf(key: Key): number {
    return this.#sizes.get(key) ?? 0;
  }

  set(key: Key, size: number): void {
    this.bytes += size - this.sizeOf(key);
    this.#sizes.set(key, size);
  }

  remove(key: Key): void {
    this.bytes -= this.sizeOf(key);
    this.#sizes.delete(key);
  }
}

function sizeOf({ topic, payload }: Packet): number {
  return topic.length + payload.length + OVERHEAD_BYTES;
}

function keyOf({ brokerId, brokerCounter }: Packet): string {
  return `${brokerId}:${brokerCounter}`;
}

/** The store's original methods, kept because their names are overridden. */
function bindAll(store: Store): Store {
  const names = [
    ...["storeRetained", "addSubscriptions", "cleanSubscriptions", "outgoingEnqueue", "outgoingEnqueueCombi"],
    "outgoingUpdate",
    ...[
      "outgoingClearMessageId",
      "outgoingStream",
      "incomingStorePacket",
      "incomingDelPacket",
      "cleanIncoming",
    ],
  ] as (keyof Store)[];
  return Object.fromEntries(names.map((name) => [name, store[name].bind(store)])) as unknown as Store;
}
