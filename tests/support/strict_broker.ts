/**
 * A broker that closes the connection over what it does not take, as MQTT 3.1.1 would have it: a gate in front of the
 * embedded one, which reads what clients send.
 */
import { startEmbedded, type TestBroker } from "./brokers.ts";

/** What it does not take; each can be changed while it runs. */
export interface Strictness {
  /** In one SUBSCRIBE. */
  maxFilters?: number;
  wildcards?: boolean;
  retain?: boolean;
  maxQos?: number;
  /** Passes messages on, but keeps none: like a member of a cluster that does not share what it keeps. */
  keepsNothing?: boolean;
  /** Of a packet. */
  maxBytes?: number;
  /** Of messages on topics that begin so. */
  forbidden?: string;
  /** Closes each connection so many milliseconds after it has let the client in. */
  hangUpMs?: number;
  /** Of one connection at a time; a packet with more is refused. */
  maxSubscriptions?: number;
  /** A filter that it answers for, and refuses; with it all that is in the same packet. */
  refusedFilter?: string;
}

interface Packet {
  readonly type: number;
  readonly flags: number;
  readonly body: Uint8Array;
}

const CONNECT = 1;
const PUBLISH = 3;
const SUBSCRIBE = 8;
const UNSUBSCRIBE = 10;

export class StrictBroker implements TestBroker {
  readonly kind = "embedded";
  readonly host = "127.0.0.1";
  /** Filters of each SUBSCRIBE that was let through. */
  readonly subscribed: string[][] = [];
  #connections = 0;
  readonly #open = new Set<Deno.TcpConn>();
  readonly #waiting = new Map<number, () => void>();
  readonly #accepting: Promise<void>;

  private constructor(
    private readonly broker: TestBroker,
    private readonly listener: Deno.TcpListener,
    readonly rules: Strictness,
  ) {
    this.#accepting = this.#accept();
  }

  static async start(rules: Strictness): Promise<StrictBroker> {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    return new StrictBroker(await startEmbedded(), listener, rules);
  }

  get port(): number {
    return this.listener.addr.port;
  }

  /** The broker behind it, for those who are not held to anything. */
  get openPort(): number {
    return this.broker.port;
  }

  get connections(): number {
    return this.#connections;
  }

  /** Resolves when so many connections have come. */
  async reached(connections: number): Promise<void> {
    if (this.#connections >= connections) return;
    await new Promise<void>((resolve) => this.#waiting.set(connections, resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.listener.close();
    await this.#accepting;
    for (const connection of this.#open) close(connection);
    await this.broker[Symbol.asyncDispose]();
  }

  async #accept(): Promise<void> {
    for await (const client of this.listener) {
      this.#connections += 1;
      this.#waiting.get(this.#connections)?.();
      void this.#join(client);
    }
  }

  async #join(client: Deno.TcpConn): Promise<void> {
    const broker = await Deno.connect({ hostname: "127.0.0.1", port: this.broker.port });
    this.#open.add(client).add(broker);
    client.setNoDelay(true);
    broker.setNoDelay(true);
    const { hangUpMs } = this.rules;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const onFirst = () => {
      if (hangUpMs !== undefined) timer = setTimeout(() => close(client), hangUpMs);
    };
    await Promise.all([this.#letThrough(client, broker), pass(broker, client, onFirst)]);
    clearTimeout(timer);
    this.#open.delete(client);
    this.#open.delete(broker);
  }

  /** From the client to the broker, packet by packet, until one is not taken. */
  async #letThrough(client: Deno.TcpConn, broker: Deno.TcpConn): Promise<void> {
    try {
      let rest = new Uint8Array();
      const granted = new Set<string>();
      const buffer = new Uint8Array(64 * 1024);
      for (let count = await client.read(buffer); count !== null; count = await client.read(buffer)) {
        rest = joined(rest, buffer.subarray(0, count));
        for (let next = readPacket(rest); next !== undefined; next = readPacket(rest)) {
          if (!this.#takes(next.packet, next.size)) return close(client), close(broker);
          if (this.#refuses(next.packet, granted)) await writeAll(client, refusal(next.packet.body));
          else await writeAll(broker, this.#asSent(next.packet, rest.subarray(0, next.size)));
          rest = rest.slice(next.size);
        }
      }
    } catch {
      // Either side is gone.
    }
    close(client);
    close(broker);
  }

  #asSent({ type }: Packet, bytes: Uint8Array): Uint8Array {
    if (this.rules.keepsNothing !== true || type !== PUBLISH) return bytes;
    const [first = 0, ...rest] = bytes;
    return Uint8Array.of(first & ~1, ...rest);
  }

  /** @param granted to this connection */
  #refuses({ type, body }: Packet, granted: Set<string>): boolean {
    const { refusedFilter, maxSubscriptions = Infinity } = this.rules;
    if (type === UNSUBSCRIBE) { for (const filter of filtersOf(body, 0)) granted.delete(filter); }
    if (type !== SUBSCRIBE) return false;
    const filters = filtersOf(body);
    if (refusedFilter !== undefined && filters.includes(refusedFilter)) return true;
    if (new Set([...granted, ...filters]).size > maxSubscriptions) return true;
    for (const filter of filters) granted.add(filter);
    return false;
  }

  #takes({ type, flags, body }: Packet, size: number): boolean {
    const {
      maxFilters = Infinity,
      wildcards = true,
      retain = true,
      maxQos = 2,
      maxBytes = Infinity,
      forbidden,
    } = this.rules;
    if (size > maxBytes) return false;
    if (type === CONNECT) {
      const connectFlags = body[7] ?? 0;
      return (retain || (connectFlags & 0x20) === 0) && ((connectFlags >> 3) & 3) <= maxQos;
    }
    if (type === PUBLISH) {
      if (forbidden !== undefined && readText(body, 0).startsWith(forbidden)) return false;
      return (retain || (flags & 1) === 0) && ((flags >> 1) & 3) <= maxQos;
    }
    if (type !== SUBSCRIBE) return true;
    const filters = filtersOf(body);
    if (filters.length > maxFilters || (!wildcards && filters.some((filter) => /[+#]/.test(filter)))) {
      return false;
    }
    this.subscribed.push(filters);
    return true;
  }
}

/** The first packet that is complete (MQTT 3.1.1, 2.2). */
function readPacket(bytes: Uint8Array): { readonly packet: Packet; readonly size: number } | undefined {
  let length = 0;
  for (let index = 1; index < 5; index++) {
    const byte = bytes[index];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 128 ** (index - 1);
    if ((byte & 0x80) !== 0) continue;
    const size = index + 1 + length;
    if (bytes.length < size) return undefined;
    const first = bytes[0] ?? 0;
    return { packet: { type: first >> 4, flags: first & 0xf, body: bytes.subarray(index + 1, size) }, size };
  }
  throw new Error("not a packet of MQTT");
}

/** A SUBACK (3.9) that refuses all. */
function refusal(body: Uint8Array): Uint8Array {
  const codes = filtersOf(body).map(() => 0x80);
  return Uint8Array.of(0x90, 2 + codes.length, body[0] ?? 0, body[1] ?? 0, ...codes);
}

/** @param options how many bytes of options follow each filter */
function filtersOf(body: Uint8Array, options = 1): string[] {
  const filters: string[] = [];
  for (let at = 2; at < body.length;) {
    const filter = readText(body, at);
    filters.push(filter);
    at += 2 + new TextEncoder().encode(filter).length + options;
  }
  return filters;
}

function readText(bytes: Uint8Array, at: number): string {
  const length = (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
  return new TextDecoder().decode(bytes.subarray(at + 2, at + 2 + length));
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(one.length + other.length);
  all.set(one);
  all.set(other, one.length);
  return all;
}

async function pass(from: Deno.TcpConn, to: Deno.TcpConn, onFirst: () => void): Promise<void> {
  let isFirst = true;
  const buffer = new Uint8Array(64 * 1024);
  try {
    for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
      await writeAll(to, buffer.subarray(0, count));
      if (isFirst) onFirst();
      isFirst = false;
    }
  } catch {
    // Either side is gone.
  }
  close(from);
  close(to);
}

async function writeAll(to: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let start = 0; start < bytes.length;) start += await to.write(bytes.subarray(start));
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // Closed already.
  }
}
