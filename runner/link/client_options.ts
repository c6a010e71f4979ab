/** How the MQTT client is set up for one attempt to connect. */
import type { IClientOptions } from "mqtt";
import { type BrokerAccess, credentialOptions } from "../../protocol/broker/access.ts";
import type { WillWay } from "./will_trial.ts";

/** How long a broker may take to answer. */
export interface Patience {
  /** To the first packet, and to subscriptions, milliseconds. */
  readonly answerMs: number;
  readonly keepaliveSeconds: number;
}

export const PATIENCE: Patience = { answerMs: 10_000, keepaliveSeconds: 15 };
/** For several addresses: an address that no longer answers is noticed after one and a half keep-alive intervals. */
export const LITTLE_PATIENCE: Patience = { answerMs: 4000, keepaliveSeconds: 5 };

/** The last will: what the broker publishes when this process vanishes. */
export interface LastWill {
  readonly topic: string;
  readonly payload: string;
}

export interface ClientParts {
  readonly clientId: string;
  /** Whether the broker keeps the subscriptions, and messages for them, while this client is offline. */
  readonly persistent: boolean;
  readonly access: BrokerAccess;
}

export function clientOptions(
  { clientId, persistent, access }: ClientParts,
  will: LastWill | undefined,
  way: WillWay,
  { answerMs, keepaliveSeconds }: Patience,
): IClientOptions {
  return {
    clientId,
    protocolVersion: 4,
    clean: !persistent,
    keepalive: keepaliveSeconds,
    connectTimeout: answerMs,
    reconnectPeriod: 0,
    queueQoSZero: false,
    // Resetting a timer for every packet costs more than an occasional ping.
    reschedulePings: false,
    resubscribe: false,
    // The library's default checks several times per message whether debug output is wanted.
    log: () => {},
    ...credentialOptions(access),
    ...(will === undefined || way === "none"
      ? {}
      : { will: { topic: will.topic, payload: Buffer.from(will.payload), ...way } }),
  };
}
