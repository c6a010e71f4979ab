/** The demo's own client on the broker, like any other. */
import { Buffer } from "node:buffer";
import mqtt, { type MqttClient } from "mqtt";
import type { Arrival } from "./arrival.ts";

const RETRY_MS = 50;

export class Wire implements Disposable {
  private constructor(private readonly client: MqttClient) {}

  /**
   * Connects as soon as the broker listens, and subscribes to everything.
   * @param signal ends the attempts
   * @returns `undefined` when `signal` was aborted first
   */
  static async connect(
    port: number,
    onArrival: (arrival: Arrival) => void,
    signal: AbortSignal,
  ): Promise<Wire | undefined> {
    const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: RETRY_MS });
    client.on("message", (topic, payload) => onArrival({ topic, payload }));
    // Before the broker listens, and after it ended, errors are expected.
    client.on("error", () => {});
    const { promise, resolve } = Promise.withResolvers<boolean>();
    client.once("connect", () => resolve(true));
    signal.addEventListener("abort", () => resolve(false), { once: true });
    if (signal.aborted || !await promise) {
      client.end(true);
      return undefined;
    }
    await client.subscribeAsync("#", { qos: 1 });
    return new Wire(client);
  }

  /** Sends a message at QoS 1, retained if asked for. */
  publish(topic: string, value: unknown, retain = false): void {
    // A failure does not matter: the broker ends with the demo.
    this.client.publish(topic, Buffer.from(JSON.stringify(value)), { qos: 1, retain }, () => {});
  }

  [Symbol.dispose](): void {
    this.client.end(true);
  }
}
