/** What a link shows the broker, and whom it believes to be the broker. */
import { isLoopback } from "./loopback.ts";
import type { IClientOptions } from "mqtt";
import type { Secret } from "../config/secret.ts";
import type { BrokerUrl } from "./broker_url.ts";

/** How a link makes itself known to the broker, and the broker to the link. */
export interface BrokerAccess {
  readonly username?: string;
  readonly password?: Secret;
  /** Certificates (PEM) of those who may sign the broker's; without it, whom Deno trusts. */
  readonly ca?: string;
  /** The client's own certificate, for a broker that demands one. */
  readonly identity?: ClientIdentity;
}

export interface ClientIdentity {
  /** PEM; with the intermediate certificates, if there are any. */
  readonly certificate: string;
  /** PEM. */
  readonly key: Secret;
}

/** Whether what goes to the broker is encrypted. */
export function usesTls(broker: BrokerUrl): boolean {
  return /^(mqtts|wss):/.test(broker.url);
}

/** Whether what goes to the broker leaves this machine as it is. */
export function canBeOverheard(broker: BrokerUrl): boolean {
  return !usesTls(broker) && !isLoopback(broker.host);
}

/** The same, as the MQTT client takes it. */
export function credentialOptions({ username, password, ca, identity }: BrokerAccess): IClientOptions {
  return {
    // Said, because the environment could say otherwise: NODE_TLS_REJECT_UNAUTHORIZED.
    rejectUnauthorized: true,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password: password.reveal() }),
    ...(ca === undefined ? {} : { ca }),
    ...(identity === undefined ? {} : { cert: identity.certificate, key: identity.key.reveal() }),
  };
}
