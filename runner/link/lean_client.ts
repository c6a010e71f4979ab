/**
 * A client whose QoS 1 messages bypass the library's queue, store and copies: the sender keeps what is in flight, and
 * sends it again over the next connection. The library does everything else.
 */
import { Buffer } from "node:buffer";
import type { Duplex } from "node:stream";
import type { IClientOptions, MqttClient } from "mqtt";
import { openClient } from "../../protocol/broker/client.ts";
import { Acknowledgements } from "./acknowledgements.ts";
import { mostBytes, type PublishPacket, writePublish } from "./publish_packet.ts";

/** What is sent in one turn of the event loop is written in chunks of this size. */
const BATCH_BYTES = 64 * 1024;
const MAX_ID = 65_535;
/**
 * The library uses ids up to this one, for subscriptions and QoS 2 messages. Either half is more than is ever in
 * flight.
 */
const LAST_OF_LIBRARY = 32_767;

type Acknowledged = () => void;
type Publish = MqttClient["publish"];

/** As `openClient`. */
export function openLeanClient(...[broker, options, openStream]: Parameters<typeof openClient>): MqttClient {
  const client = openClient(broker, { ...options, messageIdProvider: new LibraryIds() }, openStream);
  const direct = new DirectPublisher(client);
  const publish = client.publish.bind(client) as (...args: unknown[]) => MqttClient;
  client.publish = ((topic: string, payload: string | Buffer, options: unknown, callback: Acknowledged) => {
    const { qos, retain } = options as { readonly qos: number; readonly retain: boolean };
    if (qos === 1 && client.connected && !client.disconnecting) {
      direct.publish(topic, payload, retain, callback);
      return client;
    }
    // In the order of the calls.
    direct.flush();
    return publish(topic, payload, options, callback);
  }) as Publish;
  return client;
}

/** Invariants: packets leave in the order of the calls; no id is in use twice, nor one of the library's. */
class DirectPublisher {
  readonly #unacknowledged = new Map<number, Acknowledged>();
  #lastId = MAX_ID;
  #batch = Buffer.alloc(0);
  /** How much of the batch is filled, and how much of it was written. */
  #end = 0;
  #sent = 0;
  #isScheduled = false;

  constructor(private readonly client: MqttClient) {
    const acknowledgements = new Acknowledgements(LAST_OF_LIBRARY + 1, (id) => this.#acknowledge(id));
    tap(client.stream, (chunk) => acknowledgements.take(chunk));
    // Those that say more than that it went well.
    client.on("packetreceive", (packet) => {
      if (packet.cmd === "puback") this.#acknowledge(packet.messageId ?? 0);
    });
  }

  publish(topic: string, payload: string | Uint8Array, retain: boolean, acknowledged: Acknowledged): void {
    const packet: PublishPacket = { topic, payload, retain, id: this.#nextId() };
    this.#unacknowledged.set(packet.id, acknowledged);
    const most = mostBytes(packet);
    if (this.#end + most > this.#batch.length) {
      this.flush();
      // The socket still reads from the old one.
      this.#batch = Buffer.allocUnsafeSlow(Math.max(BATCH_BYTES, most));
      this.#end = this.#sent = 0;
    }
    this.#end = writePublish(this.#batch, this.#end, packet);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    // What the library writes in this turn, such as subscriptions, joins the same chunk.
    const { stream } = this.client;
    stream.cork();
    process.nextTick(() => {
      this.#isScheduled = false;
      this.flush();
      stream.uncork();
    });
  }

  /** Hands everything to the socket. */
  flush(): void {
    if (this.#sent === this.#end) return;
    const { stream } = this.client;
    // What is in flight when the connection ends is sent again over the next one.
    if (stream.writable) stream.write(this.#batch.subarray(this.#sent, this.#end));
    this.#sent = this.#end;
  }

  #acknowledge(id: number): void {
    const acknowledged = this.#unacknowledged.get(id);
    if (acknowledged === undefined) return;
    this.#unacknowledged.delete(id);
    acknowledged();
  }

  /** The sender has far fewer messages in flight than there are ids: one is always free. */
  #nextId(): number {
    do {
      this.#lastId = this.#lastId === MAX_ID ? LAST_OF_LIBRARY + 1 : this.#lastId + 1;
    } while (this.#unacknowledged.has(this.#lastId));
    return this.#lastId;
  }
}

/**
 * Puts `take` between a stream and its reader. The library reads acknowledgements one by one, with several objects and
 * turns for each.
 */
function tap(stream: Duplex, take: (chunk: Buffer) => Buffer): void {
  const push = stream.push.bind(stream);
  // A chunk of no length keeps the stream reading.
  stream.push = (chunk: unknown) => push(Buffer.isBuffer(chunk) ? take(chunk) : chunk);
}

/**
 * The first id is random: the broker may remember ids of the previous connection, and take a reused one for a
 * repetition.
 */
class LibraryIds implements NonNullable<IClientOptions["messageIdProvider"]> {
  #last = Math.floor(Math.random() * LAST_OF_LIBRARY);

  allocate(): number {
    this.#last = this.#last % LAST_OF_LIBRARY + 1;
    return this.#last;
  }

  getLastAllocated(): number {
    return this.#last;
  }

  register(): boolean {
    return true;
  }

  deallocate(): void {}

  clear(): void {}
}
