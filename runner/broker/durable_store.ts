/**
 * Persists what the broker library stores: the library's in-memory store answers every read, and a file receives every
 * change.
 */
import type { Clock } from "../clock.ts";
import { Journal } from "./journal.ts";
import type { Change, MessageFile, Stored } from "./message_file.ts";

/** A message as the library represents it. */
interface Packet {
  readonly cmd?: string;
  readonly topic: string;
  readonly payload: string | Uint8Array;
  readonly qos?: number;
  readonly retain?: boolean;
  readonly messageId?: number;
  readonly brokerId?: string;
  readonly brokerCounter?: number;
}

interface ClientRef {
  readonly id: string;
}

interface Subscription {
  readonly topic: string;
  readonly qos: number;
}

interface Subscriber {
  readonly clientId: string;
}

/** The parts of the library's store that change, and those from which a snapshot is made. */
export interface ChangingStore {
  storeRetained(packet: Packet): Promise<void>;
  createRetainedStream(pattern: string): AsyncIterable<Packet>;
  addSubscriptions(client: ClientRef, subscriptions: readonly Subscription[]): Promise<void>;
  removeSubscriptions(client: ClientRef, topics: readonly string[]): Promise<void>;
  cleanSubscriptions(client: ClientRef): Promise<void>;
  subscriptionsByClient(client: ClientRef): Promise<readonly Subscription[]>;
  outgoingEnqueueCombi(to: readonly Subscriber[], packet: Packet): Promise<void>;
  outgoingUpdate(client: ClientRef, packet: Packet): Promise<void>;
  outgoingClearMessageId(client: ClientRef, packet: Packet): Promise<Packet | undefined>;
  outgoingStream(client: ClientRef): AsyncIterable<Packet>;
  incomingStorePacket(client: ClientRef, packet: Packet): Promise<void>;
  incomingDelPacket(client: ClientRef, packet: Packet): Promise<void>;
  cleanIncoming(client: ClientRef): Promise<void>;
}

const RELEASE = "pubrel";

export interface DurableParts {
  readonly file: MessageFile;
  /** What it holds. */
  readonly stored: Stored;
  readonly clock: Clock;
  readonly say: (message: string) => void;
}

/** Invariant: once `committed` has resolved, every change so far is on disk, or the operator has been told why not. */
export class DurableStore implements AsyncDisposable {
  readonly #journal: Journal;
  readonly #memory: ChangingStore;
  /** Clients with a session or queued messages. */
  readonly #clients = new Set<string>();
  /** The ids of unfinished messages of QoS 2, by client. */
  readonly #incoming = new Map<string, Map<number, Packet>>();
  #isLoading = true;

  private constructor(store: ChangingStore, private readonly parts: DurableParts) {
    this.#memory = bindAll(store);
    this.#journal = new Journal({ ...parts, snapshot: () => this.#snapshot() });
  }

  /** Makes the methods of `store` write to disk. Call `load` to read what the file already holds. */
  static around(store: ChangingStore, parts: DurableParts): DurableStore {
    const durable = new DurableStore(store, parts);
    Object.assign(
      store,
      {
        storeRetained: (packet) => durable.#retain(packet),
        addSubscriptions: (client, list) => durable.#subscribe(client, list),
        removeSubscriptions: (client, topics) => durable.#unsubscribe(client, topics),
        cleanSubscriptions: (client) => durable.#endSession(client),
        outgoingEnqueueCombi: (to, packet) => durable.#enqueue(to, packet),
        outgoingUpdate: (client, packet) => durable.#update(client, packet),
        outgoingClearMessageId: (client, packet) => durable.#dequeue(client, packet),
        incomingStorePacket: (client, packet) => durable.#begin(client, packet),
        incomingDelPacket: (client, packet) => durable.#finish(client, packet),
        cleanIncoming: (client) => durable.#forget(client),
      } satisfies Partial<ChangingStore>,
    );
    return durable;
  }

  /**
   * Fills `store` with the content of the file.
   * @param store as the library uses it: entries beyond its limits are lost
   */
  async load(store: ChangingStore): Promise<void> {
    const { stored } = this.parts;
    await fill(store, stored);
    this.#isLoading = false;
    const kept = await this.#snapshot();
    if (countIn(kept) < countOf(stored)) this.parts.file.replace(kept);
  }

  /** Resolves when everything stored so far is on disk. */
  committed(): Promise<void> {
    return this.#journal.committed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#journal[Symbol.asyncDispose]();
    this.parts.file[Symbol.dispose]();
  }

  #write(kind: Change["kind"], values: Change["values"], urgent = false): void {
    if (!this.#isLoading) this.#journal.add({ kind, values }, urgent);
  }

  async #retain(packet: Packet): Promise<void> {
    await this.#journal.gate;
    await this.#memory.storeRetained(packet);
    if (packet.payload.length === 0) this.#write("clear", [packet.topic], isAcknowledged(packet));
    else this.#write(...retain(packet), isAcknowledged(packet));
  }

  async #subscribe(client: ClientRef, list: readonly Subscription[]): Promise<void> {
    await this.#journal.gate;
    await this.#memory.addSubscriptions(client, list);
    this.#clients.add(client.id);
    for (const { topic, qos } of list) this.#write("subscribe", [client.id, topic, qos], true);
    await this.committed();
  }

  async #unsubscribe(client: ClientRef, topics: readonly string[]): Promise<void> {
    await this.#journal.gate;
    await this.#memory.removeSubscriptions(client, topics);
    for (const topic of topics) this.#write("unsubscribe", [client.id, topic], true);
    await this.committed();
  }

  async #endSession(client: ClientRef): Promise<void> {
    await this.#journal.gate;
    await this.#memory.cleanSubscriptions(client);
    // Called for every client that connects without a session, also if it never had one.
    if (this.#clients.delete(client.id)) this.#write("endSession", [client.id]);
  }

  async #enqueue(to: readonly Subscriber[], packet: Packet): Promise<void> {
    await this.#journal.gate;
    await this.#memory.outgoingEnqueueCombi(to, packet);
    for (const { clientId } of to) {
      this.#clients.add(clientId);
      this.#write(...enqueue(clientId, packet), isAcknowledged(packet));
    }
  }

  async #update(client: ClientRef, packet: Packet): Promise<void> {
    await this.#journal.gate;
    await this.#memory.outgoingUpdate(client, packet);
    if (packet.cmd === RELEASE) this.#write("release", [client.id, packet.messageId ?? 0], true);
    // Without its id, a message of QoS 1 is sent again under another.
    else if (packet.qos === 2) this.#write(...number(client.id, packet));
  }

  async #dequeue(client: ClientRef, packet: Packet): Promise<Packet | undefined> {
    await this.#journal.gate;
    const cleared = await this.#memory.outgoingClearMessageId(client, packet);
    if (cleared === undefined) return undefined;
    const { brokerId, brokerCounter, messageId } = cleared;
    if (brokerId !== undefined) this.#write("dequeue", [client.id, brokerId, brokerCounter ?? 0]);
    else this.#write("dequeueReleased", [client.id, messageId ?? 0]);
    return cleared;
  }

  async #begin(client: ClientRef, packet: Packet): Promise<void> {
    await this.#journal.gate;
    await this.#memory.incomingStorePacket(client, packet);
    const unfinished = this.#incoming.get(client.id) ?? new Map<number, Packet>();
    this.#incoming.set(client.id, unfinished.set(packet.messageId ?? 0, packet));
    this.#write(...begin(client.id, packet), true);
  }

  async #finish(client: ClientRef, packet: Packet): Promise<void> {
    await this.#journal.gate;
    await this.#memory.incomingDelPacket(client, packet);
    this.#incoming.get(client.id)?.delete(packet.messageId ?? 0);
    this.#write("finish", [client.id, packet.messageId ?? 0]);
  }

  async #forget(client: ClientRef): Promise<void> {
    await this.#journal.gate;
    await this.#memory.cleanIncoming(client);
    if (this.#incoming.delete(client.id)) this.#write("forget", [client.id]);
  }

  /** Changes that lead from an empty file to what memory holds. */
  async #snapshot(): Promise<Change[]> {
    const changes: [Change["kind"], Change["values"]][] = [];
    for await (const packet of this.#memory.createRetainedStream("#")) changes.push(retain(packet));
    for (const id of this.#clients) {
      for (const { topic, qos } of await this.#memory.subscriptionsByClient({ id })) {
        changes.push(["subscribe", [id, topic, qos]]);
      }
      for await (const packet of this.#memory.outgoingStream({ id })) {
        changes.push(enqueue(id, packet));
        if (packet.messageId === undefined) continue;
        if (packet.cmd === RELEASE || packet.qos === 2) changes.push(number(id, packet));
        if (packet.cmd === RELEASE) changes.push(["release", [id, packet.messageId]]);
      }
    }
    for (const [id, unfinished] of this.#incoming) {
      for (const packet of unfinished.values()) changes.push(begin(id, packet));
    }
    return changes.map(([kind, values]) => ({ kind, values }));
  }
}

type Written = [Change["kind"], Change["values"]];

function retain({ topic, payload, qos = 0 }: Packet): Written {
  return ["retain", [topic, bytesOf(payload), qos]];
}

function enqueue(client: string, packet: Packet): Written {
  const { topic = "", payload = "", qos = 0, retain = false } = packet;
  return ["enqueue", [client, ...keyOf(packet), topic, bytesOf(payload), qos, retain ? 1 : 0]];
}

function number(client: string, packet: Packet): Written {
  return ["number", [packet.messageId ?? 0, client, ...keyOf(packet)]];
}

/** Of a released message, only the id is left. */
function keyOf({ brokerId, brokerCounter = 0, messageId = 0 }: Packet): [string, number] {
  return brokerId === undefined ? [RELEASE, messageId] : [brokerId, brokerCounter];
}

function begin(client: string, { messageId = 0, topic, payload, qos = 2, retain = false }: Packet): Written {
  return ["begin", [client, messageId, topic, bytesOf(payload), qos, retain ? 1 : 0]];
}

function bytesOf(payload: string | Uint8Array): Uint8Array {
  return typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
}

/** Whether the broker acknowledges it to the sender. */
function isAcknowledged({ qos = 0 }: Packet): boolean {
  return qos > 0;
}

async function fill(store: ChangingStore, { retained, sessions, outgoing, incoming }: Stored): Promise<void> {
  for (const packet of retained) await store.storeRetained({ ...packet, cmd: "publish" });
  for (const [id, list] of sessions) await store.addSubscriptions({ id }, list);
  for (const { client: id, broker, counter, message, released, ...content } of outgoing) {
    const packet = { ...content, cmd: "publish", brokerId: broker, brokerCounter: counter };
    await store.outgoingEnqueueCombi([{ clientId: id }], packet);
    if (message === undefined || !released) continue;
    await store.outgoingUpdate({ id }, { ...packet, messageId: message });
    await store.outgoingUpdate({ id }, { cmd: RELEASE, messageId: message, topic: "", payload: "" });
  }
  for (const { client: id, message, ...content } of incoming) {
    await store.incomingStorePacket({ id }, { ...content, messageId: message });
  }
}

function countIn(changes: readonly Change[]): number {
  return changes.filter(({ kind }) => ["retain", "subscribe", "enqueue", "begin"].includes(kind)).length;
}

function countOf({ retained, sessions, outgoing, incoming }: Stored): number {
  let count = retained.length + outgoing.length + incoming.length;
  for (const list of sessions.values()) count += list.length;
  return count;
}

/** The store's original methods, kept because their names are overridden. */
function bindAll(store: ChangingStore): ChangingStore {
  const names: readonly (keyof ChangingStore)[] = [
    ...(["storeRetained", "createRetainedStream", "addSubscriptions", "removeSubscriptions"] as const),
    ...(["cleanSubscriptions", "subscriptionsByClient", "outgoingEnqueueCombi", "outgoingUpdate"] as const),
    ...(["outgoingClearMessageId", "outgoingStream", "incomingStorePacket", "incomingDelPacket"] as const),
    "cleanIncoming",
  ];
  return Object.fromEntries(names.map((name) => [name, store[name].bind(store)])) as unknown as ChangingStore;
}
