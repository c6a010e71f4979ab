/** A test's own client on the bus: records everything, and waits for what must come. */
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";

export interface Message {
  readonly topic: string;
  readonly text: string;
  /** The payload as JSON; `undefined` when it is none. */
  // deno-lint-ignore no-explicit-any -- tests look into payloads of every shape
  readonly json: any;
  readonly retained: boolean;
  /** Milliseconds, on the test's own clock. */
  readonly atMs: number;
}

type Predicate = (message: Message) => boolean;

interface Waiting {
  readonly predicate: Predicate;
  readonly found: (message: Message) => void;
}

const PATIENCE_MS = 20_000;

/** Invariant: `messages` holds everything that has come, in order, since the last `forget`. */
export class Bus implements AsyncDisposable {
  readonly messages: Message[] = [];
  readonly #waiting = new Set<Waiting>();
  #listener: (message: Message) => void = () => {};

  private constructor(private readonly client: MqttClient, private readonly filter: string | string[]) {
    client.on("message", (topic, payload, packet) => this.#receive(topic, payload, packet.retain));
  }

  /**
   * Connects, and subscribes to everything (or to `filter`, or to several).
   * @param qos 0: the broker passes everything on at once and waits for nothing
   */
  static connect(port: number, filter: string | string[] = "#", qos: 0 | 1 = 1): Promise<Bus> {
    return Bus.connectTo(`mqtt://127.0.0.1:${port}`, {}, filter, qos);
  }

  /** The same, to a broker that wants to know who it is. */
  static async connectTo(
    url: string,
    options: IClientOptions,
    filter: string | string[] = "#",
    qos: 0 | 1 = 1,
  ): Promise<Bus> {
    const client = await mqtt.connectAsync(url, { ...options, protocolVersion: 4, reconnectPeriod: 50 });
    const bus = new Bus(client, filter);
    await client.subscribeAsync(filter, { qos });
    return bus;
  }

  /** Publishes at QoS 1; an object goes as JSON. Resolves when the broker has it. */
  async publish(
    topic: string,
    payload: unknown,
    options: { retain?: boolean; qos?: 0 | 1 } = {},
  ): Promise<void> {
    const raw = typeof payload === "string" || payload instanceof Uint8Array;
    const body = raw ? payload : JSON.stringify(payload);
    await this.client.publishAsync(topic, body instanceof Uint8Array ? Buffer.from(body) : body, {
      qos: options.qos ?? 1,
      retain: options.retain ?? false,
    });
  }

  /**
   * The first message that fits: of those that have come since `from`, or the next one.
   * @param what named in the error when none comes
   * @param from index into `messages`; see `mark`
   */
  async find(what: string, predicate: Predicate, from = 0, patienceMs = PATIENCE_MS): Promise<Message> {
    const had = this.messages.slice(from).find(predicate);
    if (had !== undefined) return had;
    return await new Promise((resolve, reject) => {
      const waiting: Waiting = {
        predicate,
        found: (message) => {
          clearTimeout(timer);
          this.#waiting.delete(waiting);
          resolve(message);
        },
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(waiting);
        const last = this.messages.slice(-15).map((m) => `  ${m.topic} ${m.text.slice(0, 200)}`).join("\n");
        reject(new Error(`No ${what} within ${patienceMs} ms. The last messages were:\n${last}`));
      }, patienceMs);
      this.#waiting.add(waiting);
    });
  }

  /** The first message on `topic` that fits. */
  on(topic: string, predicate: Predicate = () => true, from = 0): Promise<Message> {
    return this.find(`message on ${topic}`, (message) => message.topic === topic && predicate(message), from);
  }

  /** From now on `listener` hears every message before anybody who waits for it. */
  listen(listener: (message: Message) => void): void {
    this.#listener = listener;
  }

  /** Drops what has come so far: places in `messages` mean nothing afterwards. */
  forget(): void {
    this.messages.length = 0;
  }

  /** A place in `messages`: what has come before it is of no interest. */
  mark(): number {
    return this.messages.length;
  }

  /** Everything on `topic` so far, from `from` on. */
  all(topic: string, from = 0): Message[] {
    return this.messages.slice(from).filter((message) => message.topic === topic);
  }

  /** Resolves when this client is connected again after an outage, and subscribed. */
  async reconnected(): Promise<void> {
    if (this.client.connected) return;
    await new Promise<void>((resolve) => this.client.once("connect", () => resolve()));
    await this.client.subscribeAsync(this.filter, { qos: 1 });
  }

  /** Publishes to `topic` and waits for the answer on a reply topic of its own. */
  async ask(topic: string, payload: Record<string, unknown>, patienceMs = PATIENCE_MS): Promise<Message> {
    const replyTopic = `tests/reply/${crypto.randomUUID()}`;
    await this.publish(topic, { ...payload, _reply_topic: replyTopic });
    return await this.find(`answer on ${topic}`, (message) => message.topic === replyTopic, 0, patienceMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.endAsync(true);
  }

  #receive(topic: string, payload: Uint8Array, retained: boolean): void {
    const text = new TextDecoder().decode(payload);
    const message: Message = { topic, text, json: parse(text), retained, atMs: performance.now() };
    this.messages.push(message);
    this.#listener(message);
    for (const waiting of [...this.#waiting]) if (waiting.predicate(message)) waiting.found(message);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
