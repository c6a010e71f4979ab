/** How the MQTT client is set up for one attempt to connect. */
import type { IClientOptions, MqttClient } from "mqtt";
import { type BrokerAccess, credentialOptions } from "../../protocol/broker/access.ts";
import type { WillWay } from "./will_trial.ts";

export const CONNECT_TIMEOUT_MS = 10_000;
const KEEPALIVE_SECONDS = 15;

/** What the broker publishes when this process vanishes. */
export interface LastWill {
  readonly topic: string;
  readonly payload: string;
}

export interface ClientParts {
  readonly clientId: string;
  /** Whether the broker keeps the subscriptions, and what is sent to them, while this client is away. */
  readonly persistent: boolean;
  readonly access: BrokerAccess;
}

export function clientOptions(
  { clientId, persistent, access }: ClientParts,
  will: LastWill | undefined,
  way: WillWay,
): IClientOptions {
  return {
    clientId,
    protocolVersion: 4,
    clean: !persistent,
    keepalive: KEEPALIVE_SECONDS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    reconnectPeriod: 0,
    queueQoSZero: false,
    // A timer set anew for every packet costs more than a ping every so often.
    reschedulePings: false,
    resubscribe: false,
    ...credentialOptions(access),
    ...(will === undefined || way === "none"
      ? {}
      : { will: { topic: will.topic, payload: Buffer.from(will.payload), ...way } }),
  };
}

/** Small messages leave at once instead of waiting for the acknowledgement of the last ones. */
export function disableNagle(client: MqttClient): void {
  const stream: unknown = client.stream;
  if (typeof stream === "object" && stream !== null && "setNoDelay" in stream) {
    (stream.setNoDelay as (on: boolean) => void).call(stream, true);
  }
}
