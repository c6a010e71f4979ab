/** An MQTT client of a few bytes: sends what no well-behaved one would, and does nothing by itself. */

export interface RawOptions {
  readonly clientId?: string;
  readonly clean?: boolean;
}

export interface PublishOptions {
  readonly qos?: 0 | 1 | 2;
  readonly retain?: boolean;
}

export interface RawMessage extends PublishOptions {
  readonly topic: string;
  readonly payload: Uint8Array;
}

/** @throws Error when the broker does not let it in */
export async function connectRaw(port: number, options: RawOptions = {}): Promise<RawClient> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const client = new RawClient(connection);
  const { clientId = "raw", clean = true } = options;
  client.write(packet(0x10, [...text("MQTT"), 4, clean ? 2 : 0, 0, 0, ...text(clientId)]));
  const accepted = await Promise.race([client.next(2), client.closed]);
  if (accepted === undefined) throw new Error("not let in");
  client.sessionPresent = accepted[0] === 1;
  return client;
}

export class RawClient implements AsyncDisposable {
  sessionPresent = false;
  readonly closed: Promise<undefined>;
  readonly #packets: { readonly kind: number; readonly content: Uint8Array }[] = [];
  #wake: (() => void)[] = [];
  #nextId = 1;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(private readonly connection: Deno.TcpConn) {
    this.closed = this.#read();
  }

  /** Bytes as they are. */
  write(bytes: Uint8Array): void {
    const send = async () => {
      for (let at = 0; at < bytes.length;) at += await this.connection.write(bytes.subarray(at));
    };
    // The broker may have closed the connection: `closed` says so.
    this.#writing = this.#writing.then(send).catch(() => {});
  }

  publish(topic: string, payload: Uint8Array, options: PublishOptions = {}): void {
    this.publishTogether([{ topic, payload, ...options }]);
  }

  /** Sends the messages in one piece: the broker has read the last before it is done with the first. */
  publishTogether(messages: readonly RawMessage[]): void {
    this.write(Buffer.concat(messages.map(({ topic, payload, qos = 0, retain = false }) => {
      const id = qos === 0 ? [] : this.#id();
      return packet(0x30 | qos << 1 | (retain ? 1 : 0), [...text(topic), ...id], payload);
    })));
  }

  async subscribe(filter: string, qos = 0): Promise<void> {
    await this.subscribeAll([filter], qos);
  }

  /** @returns what was granted for each */
  async subscribeAll(filters: readonly string[], qos = 0): Promise<number[]> {
    this.write(packet(0x82, [...this.#id(), ...filters.flatMap((filter) => [...text(filter), qos])]));
    return [...(await this.next(9)).subarray(2)];
  }

  /** Resolves when so many of its messages of QoS 1 have been acknowledged in all. */
  async acknowledged(count: number): Promise<void> {
    await this.#until(() => this.#packets.filter(({ kind }) => kind === 4).length >= count);
  }

  /** The messages that have come before the answer to a ping, or the first `count`. */
  async received(count?: number): Promise<Uint8Array[]> {
    const messages = () => this.#packets.filter(({ kind }) => kind === 3).map(({ content }) => content);
    if (count === undefined) {
      this.write(new Uint8Array([0xc0, 0]));
      await this.next(13);
    } else await this.#until(() => messages().length >= count);
    return messages();
  }

  /** The content of the next packet of that kind. */
  async next(kind: number): Promise<Uint8Array> {
    await this.#until(() => this.#packets.some((one) => one.kind === kind));
    const at = this.#packets.findIndex((one) => one.kind === kind);
    return this.#packets.splice(at, 1)[0]?.content ?? new Uint8Array();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.connection.close();
    } catch {
      // The broker has closed it.
    }
    await Promise.all([this.closed, this.#writing]);
  }

  #id(): number[] {
    const id = this.#nextId++;
    return [id >> 8, id & 0xff];
  }

  async #until(isThere: () => boolean): Promise<void> {
    while (!isThere()) await new Promise<void>((resolve) => this.#wake.push(resolve));
  }

  async #read(): Promise<undefined> {
    let rest = new Uint8Array();
    try {
      for await (const chunk of this.connection.readable) {
        rest = Uint8Array.from([...rest, ...chunk]);
        for (let one = first(rest); one !== undefined; one = first(rest)) {
          this.#packets.push({ kind: (rest[0] ?? 0) >> 4, content: one.content });
          rest = rest.slice(one.end);
        }
        for (const wake of this.#wake.splice(0)) wake();
      }
    } catch {
      // Reset by the broker, or closed by the test.
    }
    return undefined;
  }
}

function first(bytes: Uint8Array): { readonly content: Uint8Array; readonly end: number } | undefined {
  let length = 0;
  for (let at = 1; at < 5; at++) {
    const byte = bytes[at];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 2 ** (7 * (at - 1));
    if ((byte & 0x80) !== 0) continue;
    const end = at + 1 + length;
    return bytes.length < end ? undefined : { content: bytes.slice(at + 1, end), end };
  }
  return undefined;
}

function packet(header: number, head: readonly number[], payload: Uint8Array = new Uint8Array()): Uint8Array {
  const length = [];
  for (let left = head.length + payload.length;;) {
    const low = left % 128;
    left = Math.floor(left / 128);
    length.push(left > 0 ? low | 0x80 : low);
    if (left === 0) break;
  }
  const bytes = new Uint8Array(1 + length.length + head.length + payload.length);
  bytes.set([header, ...length, ...head]);
  bytes.set(payload, 1 + length.length + head.length);
  return bytes;
}

function text(value: string): number[] {
  const bytes = new TextEncoder().encode(value);
  return [bytes.length >> 8, bytes.length & 0xff, ...bytes];
}
