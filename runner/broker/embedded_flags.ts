/** The flags of the embedded broker besides `--port`, and their meaning. Pure. */
import { dataFilterError } from "../../protocol/broker/access_rules.ts";
import { parseBroker } from "../../protocol/broker/broker_url.ts";
import { isLoopback } from "../../protocol/broker/loopback.ts";
import { ConfigError } from "../../protocol/config/config_error.ts";
import { absolute, listOf } from "../../protocol/config/values.ts";
import type { Flag, ReadFlag } from "../../protocol/config/flag.ts";
import { type Listener, SCHEMES } from "./listeners.ts";

export const EMBEDDED_FLAGS = {
  listen: {
    name: "listen",
    value: "ADDRESS,…",
    fallbackText: "127.0.0.1 alone",
    help:
      "where the embedded broker listens for other machines: 0.0.0.0:1883, or a mqtts://, ws:// or wss:// URL",
  },
  brokerUsers: {
    name: "broker-users",
    value: "FILE",
    fallbackText: "everybody on this machine may do everything",
    help: "users of the embedded broker, as 'agentflow users add' writes them",
  },
  brokerCert: {
    name: "broker-cert",
    value: "FILE",
    help: "certificate (PEM) of the embedded broker, for mqtts:// and wss:// in --listen",
  },
  brokerKey: {
    name: "broker-key",
    value: "FILE",
    help: "private key (PEM) of --broker-cert, which no other user may read",
  },
  brokerData: {
    name: "broker-data",
    value: "FILTER,…",
    fallback: "sensors/#",
    help: "topics that nodes and programs may publish and read at the embedded broker, beside their own",
  },
  bridge: {
    name: "bridge",
    value: "FILE",
    help: "join the embedded broker to a larger one, as this file says: see docs/brokers.md",
  },
} satisfies Record<string, Flag>;

export interface EmbeddedConfig {
  readonly listeners: readonly Listener[];
  /** Absolute, like the other files. */
  readonly usersFile: string | undefined;
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  readonly data: readonly string[];
  readonly bridgeFile: string | undefined;
}

/**
 * @param isEmbedded whether there is an embedded broker
 * @throws ConfigError
 */
export function readEmbedded(read: ReadFlag, isEmbedded: boolean): EmbeddedConfig {
  const { listen, brokerUsers, brokerCert, brokerKey, brokerData, bridge } = EMBEDDED_FLAGS;
  for (const flag of [listen, brokerUsers, brokerCert, brokerKey, bridge]) {
    if (!isEmbedded && read(flag) !== undefined) {
      throw new ConfigError(`--${flag.name} needs --broker embedded`);
    }
  }
  const [usersFile, cert, key] = [brokerUsers, brokerCert, brokerKey].map((flag) => absolute(read(flag)));
  if (cert !== undefined && key === undefined) throw new ConfigError("--broker-cert needs --broker-key FILE");
  if (key !== undefined && cert === undefined) throw new ConfigError("--broker-key needs --broker-cert FILE");
  const tls = cert === undefined || key === undefined ? undefined : { cert, key };
  const listeners = listOf(read(listen)).map((text) => readListener(text, tls !== undefined));
  const open = listeners.find(({ host }) => !isLoopback(host));
  if (open !== undefined && usersFile === undefined) throw new ConfigError(withoutUsers(open));
  if (tls !== undefined && !listeners.some(isSecure)) {
    throw new ConfigError("--broker-cert needs an address with TLS: --listen mqtts://0.0.0.0:8883");
  }
  const data = listOf(read(brokerData));
  for (const filter of data) {
    const problem = dataFilterError(filter, []);
    if (problem !== undefined) throw new ConfigError(`--broker-data '${filter}': ${problem}`);
  }
  return { listeners, usersFile, tls, data, bridgeFile: absolute(read(bridge)) };
}

function readListener(text: string, hasTls: boolean): Listener {
  const usual = hasTls ? "mqtts" : "mqtt";
  try {
    const { host, port } = parseBroker(text, text.includes("://") ? undefined : hasTls ? 8883 : 1883);
    const scheme = SCHEMES.find((scheme) => text.startsWith(`${scheme}://`)) ?? usual;
    const listener = { scheme, host, port };
    if (!isSecure(listener) || hasTls) return listener;
  } catch (error) {
    throw new ConfigError(`--listen: ${(error as Error).message}: current value is '${text}'`);
  }
  throw new ConfigError(`--listen ${text} needs --broker-cert FILE and --broker-key FILE`);
}

function isSecure({ scheme }: Listener): boolean {
  return scheme === "mqtts" || scheme === "wss";
}

function withoutUsers({ host }: Listener): string {
  return `--listen ${host} lets other machines in, and everybody there could command this node. Give it users:\n` +
    "  agentflow users add users.txt me --role operator\n" +
    "and start the node with --broker-users users.txt";
}
