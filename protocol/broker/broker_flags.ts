/** The broker flags shared by all programs of this project, and their meaning. Pure. */
import { usesTls } from "./access.ts";
import { type BrokerUrl, parseBrokers } from "./broker_url.ts";
import { ConfigError } from "../config/config_error.ts";
import type { Environment, Flag, ReadFlag } from "../config/flag.ts";
import { Secret } from "../config/secret.ts";
import { absolute, wholeNumber } from "../config/values.ts";

/** Alternative to the password file; never the command line, which every user can read. */
export const PASSWORD_VARIABLE = "AGENTFLOW_PASSWORD";

export const BROKER_FLAGS = {
  broker: {
    name: "broker",
    value: "HOST|URL,…",
    env: ["AGENTFLOW_BROKER", "WACTORZ_BROKER"],
    fallback: "localhost",
    help: "MQTT broker: a host, or a mqtt://, mqtts://, ws:// or wss:// URL; several are tried in turn",
    once: "separate several addresses by commas, --broker a,b",
  },
  port: { name: "port", value: "PORT", fallbackText: "1883", help: "port of the broker" },
  ca: {
    name: "ca",
    value: "FILE",
    fallbackText: "the CAs Deno trusts",
    help: "the only CA certificates (PEM) trusted to sign the broker's",
  },
  cert: { name: "cert", value: "FILE", help: "client certificate (PEM), for a broker that demands one" },
  key: { name: "key", value: "FILE", help: "private key (PEM) of --cert, which no other user may read" },
  username: { name: "username", value: "NAME", env: ["AGENTFLOW_USERNAME"], help: "user name at the broker" },
  passwordFile: {
    name: "password-file",
    value: "FILE",
    fallbackText: `the password itself in $${PASSWORD_VARIABLE}`,
    help: "file with the password of --username, which no other user may read",
  },
} satisfies Record<string, Flag>;

/** The same for programs that can run a broker themselves. */
export const EMBEDDABLE_BROKER_FLAGS = {
  ...BROKER_FLAGS,
  broker: {
    ...BROKER_FLAGS.broker,
    help:
      "MQTT broker: a host, a mqtt://, mqtts://, ws:// or wss:// URL, several of them (a,b), or 'embedded' to run one here",
  },
} satisfies Record<string, Flag>;

/** Where the access to the broker comes from. Paths are absolute. */
export interface AccessSources {
  readonly ca: string | undefined;
  /** Set together with `key`, or not at all. */
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly username: string | undefined;
  readonly passwordFile: string | undefined;
  /** From the environment; a file takes precedence. */
  readonly password: Secret | undefined;
}

/** @throws ConfigError if it is not a port */
export function readPort(read: ReadFlag): number | undefined {
  const text = read(BROKER_FLAGS.port);
  if (text === undefined) return undefined;
  return wholeNumber(BROKER_FLAGS.port.name, text, 1, 65_535);
}

/** @throws ConfigError if it is not a broker; never quotes credentials */
export function readBroker(text: string, port: number | undefined): BrokerUrl {
  try {
    return parseBrokers(text, port);
  } catch (error) {
    throw new ConfigError(
      `--broker: ${(error as Error).message}: current value is '${withoutPassword(text)}'`,
    );
  }
}

/** The broker that a program connects to, or runs by itself. */
export interface EmbeddableBroker {
  readonly broker: BrokerUrl | "embedded";
  /** The port of an embedded broker on loopback. */
  readonly port: number;
  readonly access: AccessSources;
}

/** @throws ConfigError */
export function readEmbeddableBroker(read: ReadFlag, env: Environment): EmbeddableBroker {
  const port = readPort(read);
  const text = read(BROKER_FLAGS.broker) ?? "";
  const broker = text === "embedded" ? "embedded" : readBroker(text, port);
  return { broker, port: port ?? 1883, access: readSources(read, env, broker) };
}

/** @throws ConfigError if the flags conflict */
export function readSources(
  read: ReadFlag,
  env: Environment,
  broker: BrokerUrl | "embedded",
): AccessSources {
  const path = (flag: Flag) => absolute(read(flag));
  const [ca, cert, key] = [path(BROKER_FLAGS.ca), path(BROKER_FLAGS.cert), path(BROKER_FLAGS.key)];
  const unused = Object.entries({ ca, cert, key }).find(([, file]) => file !== undefined)?.[0];
  if (unused !== undefined && (broker === "embedded" || !usesTls(broker))) {
    const current = broker === "embedded" ? broker : broker.url;
    throw new ConfigError(
      `--${unused} needs a mqtts:// or wss:// URL in --broker: current value is '${current}'`,
    );
  }
  if (cert !== undefined && key === undefined) {
    throw new ConfigError("--cert needs --key FILE, its private key");
  }
  if (key !== undefined && cert === undefined) {
    throw new ConfigError("--key needs --cert FILE, its certificate");
  }
  const username = read(BROKER_FLAGS.username);
  const passwordFile = path(BROKER_FLAGS.passwordFile);
  const password = env[PASSWORD_VARIABLE] === "" ? undefined : env[PASSWORD_VARIABLE];
  if (username === undefined && (passwordFile ?? password) !== undefined) {
    const given = passwordFile === undefined ? `$${PASSWORD_VARIABLE}` : "--password-file";
    throw new ConfigError(`${given} needs --username NAME: MQTT has no password without a user name`);
  }
  return Object.freeze({
    ca,
    cert,
    key,
    username,
    passwordFile,
    password: password === undefined ? undefined : new Secret(password),
  });
}

/** Credentials may appear with or without a scheme, and may contain any character. */
function withoutPassword(text: string): string {
  return text.replace(/^([^:/@]*:\/\/)?.*@/s, "$1…@");
}
