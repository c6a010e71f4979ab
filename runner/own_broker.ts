/** Starts the embedded broker of a node as its flags ask, and gives the node its access. */
import { join } from "@std/path";
import type { BrokerAccess } from "../protocol/broker/access.ts";
import { readIdentity } from "../protocol/broker/access_files.ts";
import { type BrokerUrl, parseBroker } from "../protocol/broker/broker_url.ts";
import { Secret } from "../protocol/config/secret.ts";
import { systemClock } from "./clock.ts";
import type { RunnerConfig } from "./config.ts";
import type { Logger } from "./logger.ts";
import { startEmbeddedBroker } from "./broker/embedded.ts";
import type { EmbeddedConfig } from "./broker/embedded_flags.ts";
import { Bridge } from "./broker/bridge.ts";
import { bridgeRules, readBridge } from "./broker/bridge_file.ts";
import { Gatekeeper, type GateParts } from "./broker/gatekeeper.ts";
import type { Listener, TlsFiles } from "./broker/listeners.ts";
import { UsersFile } from "./broker/users_file.ts";
import { openHome } from "./store/home.ts";

export interface OwnBroker extends AsyncDisposable {
  readonly url: BrokerUrl;
  /** The credentials of the node in this process. */
  readonly access: BrokerAccess;
}

/** @throws ConfigError for a file that cannot be used; Error when the broker cannot be started */
export async function startOwnBroker(
  { name, port, stateDir, embedded, homeAssistant }: RunnerConfig,
  given: BrokerAccess,
  log: Logger,
): Promise<OwnBroker> {
  const { listeners } = embedded;
  const say = (message: string) => log.warning(message);
  const password = crypto.randomUUID();
  const joined = embedded.bridgeFile === undefined ? undefined : await readBridge(embedded.bridgeFile, say);
  const bridge = joined === undefined
    ? undefined
    : { name: "bridge", password: crypto.randomUUID(), rules: bridgeRules(joined) };
  const tls = await tlsOf(embedded, say);
  const gate = await gateOf({ ...embedded, homeAssistant }, { own: { name, password }, bridge }, say);
  const home = await openHome(stateDir, name);
  home.news.forEach(say);
  const dir = join(home.dir, `agentflow_${name}.broker`);
  const broker = await startEmbeddedBroker({ port, listeners, tls, gate, dir, say });
  log.info(
    `The embedded broker listens on ${[`127.0.0.1:${broker.port}`, ...listeners.map(addressOf)].join(", ")}`,
  );
  if (listeners.some(({ scheme, host }) => !scheme.endsWith("s") && host !== "127.0.0.1")) {
    say(
      "Passwords go to the embedded broker unencrypted: use --listen mqtts://0.0.0.0:8883 with --broker-cert and " +
        "--broker-key",
    );
  }
  const credentials = gate === undefined || bridge === undefined
    ? undefined
    : { username: bridge.name, password: bridge.password };
  const bridging = joined === undefined ? undefined : new Bridge({
    config: joined,
    name,
    port: broker.port,
    credentials,
    subscribedFile: join(dir, "bridge.json"),
    clock: systemClock,
    say: (message, isProblem) => isProblem ? log.warning(message) : log.info(message),
  });
  const isOwn = gate !== undefined && given.username === undefined;
  return {
    url: parseBroker("127.0.0.1", broker.port),
    access: isOwn ? { ...given, username: name, password: new Secret(password) } : given,
    async [Symbol.asyncDispose]() {
      await bridging?.[Symbol.asyncDispose]();
      await broker.close();
    },
  };
}

async function tlsOf({ tls }: EmbeddedConfig, say: (message: string) => void): Promise<TlsFiles | undefined> {
  if (tls === undefined) return undefined;
  const [cert, key] = [{ flag: "broker-cert", path: tls.cert }, { flag: "broker-key", path: tls.key }];
  const identity = await readIdentity(cert, key, say);
  return { cert: identity.certificate, key: identity.key.reveal() };
}

async function gateOf(
  { usersFile, data, homeAssistant }: EmbeddedConfig & Pick<RunnerConfig, "homeAssistant">,
  insiders: Pick<GateParts, "own" | "bridge">,
  say: (message: string) => void,
): Promise<Gatekeeper | undefined> {
  if (usersFile === undefined) return undefined;
  const file = await UsersFile.open(usersFile, say);
  const nowMs = () => systemClock.monotonicMs();
  return new Gatekeeper({ users: () => file.current(), ...insiders, data, homeAssistant, nowMs, say });
}

function addressOf({ scheme, host, port }: Listener): string {
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
