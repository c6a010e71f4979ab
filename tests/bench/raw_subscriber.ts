/** An MQTT 3.1.1 subscriber of a few lines: it acknowledges what comes, a whole read at a time. */
import { PacketReader } from "./packets.ts";

const READ_BYTES = 256 * 1024;
const CONNECT = 0x10;
const SUBSCRIBE = 0x82;
const CLEAN_SESSION = 0x02;

/** Subscribes to one topic at QoS 1. */
export class RawSubscriber implements Disposable {
  readonly #reader = new PacketReader();
  readonly #buffer = new Uint8Array(READ_BYTES);

  private constructor(private readonly connection: Deno.TcpConn) {}

  /** Resolves once the broker has confirmed the subscription. */
  static async connect(port: number, topic: string): Promise<RawSubscriber> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    connection.setNoDelay(true);
    const subscriber = new RawSubscriber(connection);
    // Protocol name and level; no keep-alive.
    await subscriber.#ask(CONNECT, [
      ...text("MQTT"),
      4,
      CLEAN_SESSION,
      0,
      0,
      ...text(`bench-${crypto.randomUUID()}`),
    ]);
    await subscriber.#ask(SUBSCRIBE, [0, 1, ...text(topic), 1]);
    return subscriber;
  }

  /** The payloads of the messages that each read brings, until the broker closes the connection. */
  async *batches(): AsyncGenerator<readonly string[]> {
    for (;;) {
      const { payloads, acknowledgements } = await this.#read();
      if (acknowledgements.length > 0) await this.#write(acknowledgements);
      yield payloads;
    }
  }

  [Symbol.dispose](): void {
    this.connection.close();
  }

  async #ask(type: number, body: readonly number[]): Promise<void> {
    if (body.length > 127) throw new RangeError("A longer packet needs a longer length");
    await this.#write(Uint8Array.from([type, body.length, ...body]));
    // The answer is one packet that carries no message.
    await this.#read();
  }

  async #read() {
    const count = await this.connection.read(this.#buffer);
    if (count === null) throw new Error("The broker has closed the connection of the counting subscriber");
    return this.#reader.push(this.#buffer.subarray(0, count));
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let offset = 0; offset < bytes.length;) {
      offset += await this.connection.write(bytes.subarray(offset));
    }
  }
}

/** A string as MQTT writes it: its length in two bytes, then UTF-8. */
function text(value: string): number[] {
  const bytes = new TextEncoder().encode(value);
  return [bytes.length >> 8, bytes.length & 0xff, ...bytes];
}
