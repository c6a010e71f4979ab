/** How a link authenticates itself and the broker. */
import { isLoopback } from "./loopback.ts";
import type { IClientOptions } from "mqtt";
import type { Secret } from "../config/secret.ts";
import { type BrokerUrl, singlesOf } from "./broker_url.ts";

/** The credentials of a link and the CA it trusts. */
export interface BrokerAccess {
  readonly username?: string;
  readonly password?: Secret;
  /** CA certificates (PEM) that may sign the broker's; without it, Deno's trusted CAs. */
  readonly ca?: string;
  /** The client certificate, for a broker that demands one. */
  readonly identity?: ClientIdentity;
}

export interface ClientIdentity {
  /** PEM, including any intermediate certificates. */
  readonly certificate: string;
  /** PEM. */
  readonly key: Secret;
}

/** Whether the connection to the broker is encrypted. */
export function usesTls(broker: BrokerUrl): boolean {
  return /^(mqtts|wss):/.test(broker.url);
}

/** Whether the connection to the broker leaves this machine unencrypted. */
export function canBeOverheard(broker: BrokerUrl): boolean {
  return !usesTls(broker) && singlesOf(broker).some(({ host }) => !isLoopback(host));
}

/** The same, as options of the MQTT client. */
export function credentialOptions({ username, password, ca, identity }: BrokerAccess): IClientOptions {
  return {
    // Explicit, because NODE_TLS_REJECT_UNAUTHORIZED in the environment could disable it.
    rejectUnauthorized: true,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password: password.reveal() }),
    ...(ca === undefined ? {} : { ca }),
    ...(identity === undefined ? {} : { cert: identity.certificate, key: identity.key.reveal() }),
  };
}
