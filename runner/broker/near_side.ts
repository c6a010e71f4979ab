/** The bridge's connection to the embedded broker: it acknowledges a message only when the bridge says so. */
import { createConnection, type Socket } from "node:net";
import { Buffer } from "node:buffer";
import mqttPacket, { type IConnectPacket, type IPublishPacket, type Packet } from "mqtt-packet";
import { BROKER_LIMITS } from "./embedded.ts";

/** What crosses the bridge. */
export interface BridgedMessage {
  readonly topic: string;
  readonly payload: string | Uint8Array;
  readonly retain: boolean;
}

export interface NearOptions {
  /** Of the embedded broker, on loopback. */
  readonly port: number;
  readonly clientId: string;
  readonly credentials?: { readonly username: string; readonly password: string } | undefined;
  /** What crosses from here; a session that has them already is asked for nothing. */
  readonly filters: readonly string[];
  /** Whether its session, if the broker still has it, is subscribed to them. */
  readonly isSubscribed: boolean;
  /** Carries a message over; the broker here keeps it until this resolves. */
  readonly carry: (message: BridgedMessage) => Promise<void>;
  /** How many messages may be under way at a time. */
  readonly window: number;
}

const { retained, waiting } = BROKER_LIMITS.store;
/** As much as the broker sends at once: what it has kept for the session, or all that is retained, with a new one. */
const MAX_WAITING = retained.messages + waiting.messages;
const MAX_WAITING_BYTES = retained.bytes + waiting.bytes;

/**
 * MQTT 3.1.1 in the form that mosquitto's bridges use: the broker sends a bridge nothing of what the bridge has
 * published, and keeps the retain flag of what it sends. The session outlives the connection.
 */
export class NearSide implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #parser = mqttPacket.parser({ protocolVersion: 4 });
  readonly #unacknowledged = new Map<number, () => void>();
  readonly #answers = new Map<"connack" | "suback", (packet: Packet) => void>();
  readonly #closed = Promise.withResolvers<void>();
  readonly #waiting: IPublishPacket[] = [];
  #waitingBytes = 0;
  #lastId = 0;
  #underWay = 0;
  #isFinishing = false;
  #onIdle = () => {};

  private constructor(private readonly options: NearOptions) {
    this.#socket = createConnection({ host: "127.0.0.1", port: options.port });
    this.#parser.on("packet", (packet) => this.#receive(packet));
    this.#parser.on("error", () => this.#socket.destroy());
    this.#socket.on(
      "data",
      (bytes) => void this.#parser.parse(typeof bytes === "string" ? Buffer.from(bytes) : bytes),
    );
    // "close" follows.
    this.#socket.on("error", () => {});
    this.#socket.on("close", () => this.#closed.resolve());
  }

  /** @throws Error when the broker does not let the bridge in */
  static async open(options: NearOptions): Promise<NearSide> {
    const near = new NearSide(options);
    try {
      await near.#introduce();
      return near;
    } catch (error) {
      await near[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Resolves when the connection has ended. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Resolves when the broker here has stored it. @throws Error when the connection ends before */
  async publish({ topic, payload, retain }: BridgedMessage): Promise<void> {
    const messageId = this.#nextId();
    const { promise, resolve } = Promise.withResolvers<true>();
    this.#unacknowledged.set(messageId, () => resolve(true));
    const bytes = typeof payload === "string" ? payload : Buffer.from(payload);
    this.#send({ cmd: "publish", topic, payload: bytes, qos: 1, retain, dup: false, messageId });
    const isStored = await Promise.race([promise, this.closed]);
    this.#unacknowledged.delete(messageId);
    if (isStored !== true) throw new Error("the embedded broker has closed the bridge's connection");
  }

  /** Takes nothing more; resolves when what is under way has been carried over, and the connection has ended. */
  async finish(): Promise<void> {
    this.#isFinishing = true;
    if (this.#underWay > 0) {
      await Promise.race([new Promise<void>((resolve) => this.#onIdle = resolve), this.closed]);
    }
    this.#send({ cmd: "disconnect" });
    // Unlike destroy(), it first sends what has been written.
    this.#socket.end();
    await this.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    await this.closed;
  }

  async #introduce(): Promise<void> {
    const { clientId, credentials, filters, isSubscribed } = this.options;
    const connected = this.#answer("connack");
    const introduction: IConnectPacket & { readonly bridgeMode: true } = {
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: 4,
      bridgeMode: true,
      clientId,
      clean: false,
      // On loopback, the end of the other side is an end of the connection.
      keepalive: 0,
      ...(credentials === undefined
        ? {}
        : { username: credentials.username, password: Buffer.from(credentials.password) }),
    };
    this.#send(introduction);
    const connack = await connected;
    if (connack.cmd === "connack" && connack.returnCode !== 0) {
      throw new Error(`the embedded broker refuses the bridge: return code ${connack.returnCode}`);
    }
    // To subscribe again would bring all retained messages again.
    const hasSession = connack.cmd === "connack" && connack.sessionPresent;
    if (filters.length === 0 || hasSession && isSubscribed) return;
    const subscribed = this.#answer("suback");
    this.#send({
      cmd: "subscribe",
      messageId: this.#nextId(),
      subscriptions: filters.map((topic) => ({ topic, qos: 1 as const })),
    });
    const suback = await subscribed;
    if (suback.cmd === "suback" && suback.granted.includes(128)) {
      throw new Error("the embedded broker refuses the bridge's topics");
    }
  }

  async #answer(kind: "connack" | "suback"): Promise<Packet> {
    const { promise, resolve } = Promise.withResolvers<Packet>();
    this.#answers.set(kind, resolve);
    const packet = await Promise.race([promise, this.closed]);
    if (packet === undefined) throw new Error("the embedded broker has closed the bridge's connection");
    return packet;
  }

  #receive(packet: Packet): void {
    switch (packet.cmd) {
      case "connack":
      case "suback":
        return this.#answers.get(packet.cmd)?.(packet);
      case "puback":
        return this.#unacknowledged.get(packet.messageId ?? 0)?.();
      case "publish":
        return this.#queue(packet);
      default:
        // The broker sends a bridge nothing else.
    }
  }

  /**
   * It reads on, whatever waits: to stop would also hold back the acknowledgements that the other direction waits for,
   * on which, in turn, those of this one wait. What is too much stays in the session here.
   */
  #queue(packet: IPublishPacket): void {
    this.#waiting.push(packet);
    this.#waitingBytes += packet.payload.length;
    if (this.#waiting.length > MAX_WAITING || this.#waitingBytes > MAX_WAITING_BYTES) this.#socket.destroy();
    else this.#carryNext();
  }

  #carryNext(): void {
    while (this.#underWay < this.options.window && !this.#isFinishing) {
      const packet = this.#waiting.shift();
      if (packet === undefined) return;
      this.#waitingBytes -= packet.payload.length;
      void this.#carry(packet);
    }
  }

  /** One that cannot be carried over stays unacknowledged: it comes again with the next connection. */
  async #carry({ topic, payload, retain, messageId }: IPublishPacket): Promise<void> {
    this.#underWay += 1;
    try {
      await this.options.carry({ topic, payload, retain });
      if (messageId !== undefined) this.#send({ cmd: "puback", messageId });
    } catch {
      this.#socket.destroy();
    } finally {
      this.#underWay -= 1;
      this.#carryNext();
      if (this.#underWay === 0) this.#onIdle();
    }
  }

  #send(packet: Packet): void {
    if (this.#socket.destroyed) return;
    mqttPacket.writeToStream(packet, this.#socket, { protocolVersion: 4 });
  }

  #nextId(): number {
    do this.#lastId = this.#lastId % 65_535 + 1; while (this.#unacknowledged.has(this.#lastId));
    return this.#lastId;
  }
}
