/** An MQTT client without a network: the test plays the broker. */
import { EventEmitter } from "node:events";
import type { Duplex } from "node:stream";
import type { IClientOptions, MqttClient } from "mqtt";
import type { BrokerUrl } from "../../protocol/broker/broker_url.ts";
import { settled } from "./fake_clock.ts";

type Answer = (error: Error | null, grants?: unknown, packet?: unknown) => void;

interface Published {
  readonly topic: string;
  readonly text: string;
  readonly qos: number;
  readonly retain: boolean;
  readonly ack: () => void;
}

export class FakeMqttClient extends EventEmitter {
  connected = false;
  disconnecting = false;
  readonly outgoing = {};
  /** What the link does when it gives a connection up. */
  readonly stream = { destroy: () => void this.close(), writableLength: 0 };
  /** What the link sent on this connection, in order, as `subscribe a, b`, `publish topic` and `end`. */
  readonly sent: string[] = [];
  readonly published: Published[] = [];
  readonly #unanswered: { readonly filters: readonly string[]; readonly answer: Answer }[] = [];

  constructor(readonly options: IClientOptions) {
    super();
  }

  // What the broker does.

  async accept(): Promise<void> {
    this.connected = true;
    this.emit("connect");
    await settled();
  }

  /** @param error what the client's socket reports before it closes */
  async close(error?: Error): Promise<void> {
    this.connected = false;
    if (error !== undefined) this.emit("error", error);
    for (const { answer } of this.#unanswered.splice(0)) answer(new Error("Connection closed"));
    this.emit("close");
    await settled();
  }

  /** Answers the oldest SUBSCRIBE. */
  async grant(refused: readonly string[] = []): Promise<void> {
    const asked = this.#unanswered.shift();
    if (asked === undefined) throw new Error("No subscription waits for an answer");
    const granted = asked.filters.map((filter) => refused.includes(filter) ? 128 : 1);
    asked.answer(null, [], { cmd: "suback", granted });
    await settled();
  }

  async deliver(topic: string, text: string): Promise<void> {
    this.emit("message", topic, Buffer.from(text), { retain: false });
    await settled();
  }

  /** Acknowledges the message with this text. */
  async ack(text: string): Promise<void> {
    const message = this.published.find((sent) => sent.text === text);
    if (message === undefined) throw new Error(`'${text}' was not sent`);
    message.ack();
    await settled();
  }

  // What the link calls.

  subscribe(wanted: Record<string, unknown>, answer: Answer): void {
    const filters = Object.keys(wanted);
    this.sent.push(`subscribe ${filters.join(", ")}`);
    this.#unanswered.push({ filters, answer });
  }

  unsubscribe(filters: readonly string[], confirmed: () => void): void {
    this.sent.push(`unsubscribe ${filters.join(", ")}`);
    confirmed();
  }

  publish(
    topic: string,
    payload: string | Uint8Array,
    { qos, retain }: { qos: number; retain: boolean },
    answered: () => void,
  ): void {
    const text = typeof payload === "string" ? payload : new TextDecoder().decode(payload);
    this.sent.push(`publish ${text}`);
    this.published.push({ topic, text, qos, retain, ack: answered });
  }

  end(isForced = false): void {
    if (isForced) return;
    this.sent.push("end");
    this.disconnecting = true;
    queueMicrotask(() => void this.close());
  }

  endAsync(): Promise<void> {
    this.end();
    return Promise.resolve();
  }
}

/** Stands in for `openClient`, and keeps each client that it opened. */
export class FakeDialer {
  readonly clients: FakeMqttClient[] = [];
  /** What opens the stream of each client, where the link has its own way to. */
  readonly streams: ((() => Duplex) | undefined)[] = [];

  /** Where each client was told to connect to. */
  readonly urls: string[] = [];

  readonly open = (broker: BrokerUrl, options: IClientOptions, openStream?: () => Duplex): MqttClient => {
    const client = new FakeMqttClient(options);
    this.clients.push(client);
    this.urls.push(broker.url);
    this.streams.push(openStream);
    return client as unknown as MqttClient;
  };

  /** The client of the newest connection. */
  get last(): FakeMqttClient {
    const client = this.clients.at(-1);
    if (client === undefined) throw new Error("The link opened no connection");
    return client;
  }
}
