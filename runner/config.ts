/** The command line and the environment of the runner: one table, from which `--help` comes too. */
import { parseArgs } from "@std/cli/parse-args";
import { join, resolve } from "@std/path";
import { isName, NAME_RULE } from "../protocol/names.ts";
import { usesTls } from "./link/access.ts";
import { type BrokerUrl, parseBroker } from "./link/broker_url.ts";
import { LOG_LEVELS, type LogLevel } from "./logger.ts";
import { Secret } from "./secret.ts";

/** A flag or a value that cannot be used; the message is one line for the operator. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

/** Where the access to the broker comes from. Paths are absolute. */
export interface AccessSources {
  readonly ca: string | undefined;
  /** With `key`, or not at all. */
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly username: string | undefined;
  readonly passwordFile: string | undefined;
  /** From the environment; a file wins over it. */
  readonly password: Secret | undefined;
}

export interface RunnerConfig {
  /** `embedded`: run one in this process. */
  readonly broker: BrokerUrl | "embedded";
  /** For the embedded broker: the port on loopback to listen on. */
  readonly port: number;
  readonly access: AccessSources;
  readonly name: string;
  readonly logLevel: LogLevel;
  /** Absolute. */
  readonly stateDir: string;
  /** Whether nobody chose the state folder: it then lies where a reboot clears it. */
  readonly stateDirIsTemporary: boolean;
  /** Absolute. */
  readonly workDir: string;
  /** The executable for agents, where one was chosen. */
  readonly deno: string | undefined;
  readonly outboxMessages: number;
  readonly outboxBytes: number;
  /** Whether what waits in the outbox survives a crash of this process. */
  readonly outbox: "memory" | "disk";
  readonly stateBytes: number;
  readonly migrateTimeoutMs: number;
  readonly hangTimeoutMs: number;
  readonly heapMb: number;
  /** Whose commands are obeyed: the file with the keys; without it, everybody's. */
  readonly trust: { readonly keyFile: string; readonly mode: "enforce" | "warn" } | undefined;
  /** The file with the secrets of agents. */
  readonly secretsFile: string | undefined;
  /** Resident memory of an agent, MiB, where the policy does not say otherwise. */
  readonly memoryMb: number;
  /** Absolute path of the operator's policy. */
  readonly policy: string | undefined;
}

/** What the command line asks for. */
export type Request =
  | { readonly kind: "run"; readonly config: RunnerConfig }
  | { readonly kind: "test"; readonly config: RunnerConfig }
  | { readonly kind: "version" }
  | { readonly kind: "help" };

const OUTBOXES = ["memory", "disk"] as const;
const TRUST_MODES = ["enforce", "warn", "off"] as const;

/** Where the password may stand instead of a file: never on the command line, which every user can read. */
export const PASSWORD_VARIABLE = "AGENTFLOW_PASSWORD";

/** One row of the table. */
interface Flag {
  readonly name: string;
  /** What the value is, in `--help`; a flag without it is a switch. */
  readonly value?: string;
  /** Environment variables that are read when the flag is not given; the first that is set counts. */
  readonly env?: readonly string[];
  readonly fallback?: string;
  /** The default in words, where it is not a fixed value. */
  readonly fallbackText?: string;
  readonly help: string;
}

const FLAGS = {
  broker: {
    name: "broker",
    value: "HOST|URL",
    env: ["AGENTFLOW_BROKER"],
    fallback: "localhost",
    help:
      "MQTT broker: a host, a mqtt://, mqtts://, ws:// or wss:// URL, or 'embedded' to run one in this process",
  },
  port: { name: "port", value: "PORT", fallbackText: "1883", help: "port of the broker" },
  ca: {
    name: "ca",
    value: "FILE",
    fallbackText: "whom Deno trusts",
    help: "the CA certificates (PEM) that may sign the broker's: those and no others",
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
  name: {
    name: "name",
    value: "NAME",
    env: ["AGENTFLOW_NODE"],
    fallbackText: "node- and six random digits",
    help: "name of this node",
  },
  node: { name: "node", value: "NAME", fallbackText: "--name", help: "the same as --name; this one wins" },
  loglevel: {
    name: "loglevel",
    value: LOG_LEVELS.join("|"),
    fallback: "INFO",
    help: "what is written to stderr",
  },
  stateDir: {
    name: "state-dir",
    value: "DIR",
    env: ["STATE_DIRECTORY"],
    fallback: "/tmp",
    help: "state files of the agents",
  },
  workDir: {
    name: "work-dir",
    value: "DIR",
    env: ["CACHE_DIRECTORY"],
    fallbackText: "agentflow in the user's cache folder",
    help: "what can be made anew: the harness, the agents' dependencies",
  },
  deno: {
    name: "deno",
    value: "PATH",
    fallbackText: "this one, else beside the binary, else on PATH",
    help: "the Deno executable that runs agents",
  },
  outbox: {
    name: "outbox",
    value: OUTBOXES.join("|"),
    fallback: "memory",
    help: "where messages are kept while the broker is away; on disk they survive a crash of the runner",
  },
  outboxMessages: {
    name: "outbox-messages",
    value: "N",
    fallback: "10000",
    help: "messages kept while the broker is away",
  },
  outboxMb: {
    name: "outbox-mb",
    value: "MB",
    fallback: "32",
    help: "size of the messages kept while it is away",
  },
  stateMb: { name: "state-mb", value: "MB", fallback: "16", help: "largest state file of an agent" },
  heapMb: { name: "heap-mb", value: "MB", fallback: "192", help: "JavaScript heap of an agent" },
  memoryMb: {
    name: "memory-mb",
    value: "MB",
    fallback: "256",
    help: "memory of an agent in all: one that uses more is restarted",
  },
  policy: {
    name: "policy",
    value: "FILE",
    fallbackText: "no extra permissions, no control topics",
    help: "what agents may have on this node at most: see docs/policy.md",
  },
  migrateTimeout: {
    name: "migrate-timeout",
    value: "SECONDS",
    fallback: "30",
    help: "an agent that is not seen running on the node it moves to after so long stays here",
  },
  hangTimeout: {
    name: "hang-timeout",
    value: "SECONDS",
    fallback: "30",
    help: "an agent whose event loop does not answer for so long is restarted",
  },
  trust: {
    name: "trust",
    value: "KEYFILE",
    env: ["AGENTFLOW_TRUST"],
    fallbackText: "every command is obeyed",
    help: "obey only commands that are signed by a key of this file",
  },
  trustMode: {
    name: "trust-mode",
    value: TRUST_MODES.join("|"),
    fallback: "enforce",
    help: "what --trust does: refuse, only say what would be refused, or nothing",
  },
  secrets: {
    name: "secrets",
    value: "FILE",
    env: ["AGENTFLOW_SECRETS"],
    fallbackText: "none",
    help: "secrets of agents, and who may have them; the file must be readable for its owner alone",
  },
  test: { name: "test", help: "test this machine with real agents, without a broker, and exit" },
  version: { name: "version", help: "print the version and exit" },
  help: { name: "help", help: "print this text and exit" },
} satisfies Record<string, Flag>;

const ALL_FLAGS: readonly Flag[] = Object.values(FLAGS);

/** The environment, as far as the runner reads it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the command line.
 * @param random six random hex digits, for a node without a name
 * @throws ConfigError
 */
export function parseCommandLine(args: readonly string[], env: Environment, random: string): Request {
  const given = parseArgs(args, {
    string: ALL_FLAGS.filter((flag) => flag.value !== undefined).map((flag) => flag.name),
    boolean: ALL_FLAGS.filter((flag) => flag.value === undefined).map((flag) => flag.name),
    unknown: (argument) => {
      throw new ConfigError(`unknown argument '${argument}': see --help`);
    },
  });
  if (given.help === true) return { kind: "help" };
  if (given.version === true) return { kind: "version" };
  const read = (flag: Flag): string | undefined => {
    const value = given[flag.name];
    if (value === "") throw new ConfigError(`--${flag.name} needs a value: ${flag.value}`);
    if (typeof value === "string") return value;
    return (flag.env ?? []).map((name) => env[name]).find((set) => set !== undefined && set !== "") ??
      flag.fallback;
  };
  const config = buildConfig(read, env, random);
  return { kind: given.test === true ? "test" : "run", config };
}

type Read = (flag: Flag) => string | undefined;

function buildConfig(read: Read, env: Environment, random: string): RunnerConfig {
  const portText = read(FLAGS.port);
  const port = portText === undefined ? undefined : wholeNumber("port", portText, 1, 65_535);
  const brokerText = read(FLAGS.broker) ?? "";
  const broker = brokerText === "embedded" ? "embedded" : readBroker(brokerText, port);
  const stateDir = read(FLAGS.stateDir) ?? "";
  return Object.freeze({
    broker,
    port: port ?? 1883,
    access: readSources(read, env, broker),
    name: readName(read(FLAGS.node) ?? read(FLAGS.name) ?? `node-${random}`),
    logLevel: readChoice("loglevel", LOG_LEVELS, read(FLAGS.loglevel)?.toUpperCase()),
    stateDir: folder("state-dir", stateDir),
    stateDirIsTemporary: resolve(stateDir) === "/tmp",
    workDir: folder("work-dir", read(FLAGS.workDir) ?? defaultWorkDir(env)),
    deno: read(FLAGS.deno),
    outbox: readChoice("outbox", OUTBOXES, read(FLAGS.outbox)),
    outboxMessages: wholeNumber("outbox-messages", read(FLAGS.outboxMessages), 1, 10_000_000),
    outboxBytes: positive("outbox-mb", read(FLAGS.outboxMb), 65_536) * 1024 * 1024,
    stateBytes: positive("state-mb", read(FLAGS.stateMb), 1024) * 1024 * 1024,
    heapMb: wholeNumber("heap-mb", read(FLAGS.heapMb), 16, 65_536),
    memoryMb: wholeNumber("memory-mb", read(FLAGS.memoryMb), 32, 1_048_576),
    policy: absolute(read(FLAGS.policy)),
    migrateTimeoutMs: positive("migrate-timeout", read(FLAGS.migrateTimeout), 86_400) * 1000,
    hangTimeoutMs: positive("hang-timeout", read(FLAGS.hangTimeout), 86_400) * 1000,
    trust: readTrust(read(FLAGS.trust), readChoice("trust-mode", TRUST_MODES, read(FLAGS.trustMode))),
    secretsFile: absolute(read(FLAGS.secrets)),
  });
}

function readTrust(path: string | undefined, mode: (typeof TRUST_MODES)[number]): RunnerConfig["trust"] {
  const keyFile = absolute(path);
  return keyFile === undefined || mode === "off" ? undefined : { keyFile, mode };
}

function absolute(path: string | undefined): string | undefined {
  return path === undefined ? undefined : resolve(path);
}

function readBroker(text: string, port: number | undefined): BrokerUrl {
  try {
    return parseBroker(text, port);
  } catch (error) {
    throw new ConfigError(
      `--broker: ${(error as Error).message}: current value is '${withoutPassword(text)}'`,
    );
  }
}

function readSources(read: Read, env: Environment, broker: BrokerUrl | "embedded"): AccessSources {
  const path = (flag: Flag) => {
    const text = read(flag);
    return text === undefined ? undefined : resolve(text);
  };
  const [ca, cert, key] = [path(FLAGS.ca), path(FLAGS.cert), path(FLAGS.key)];
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
  const username = read(FLAGS.username);
  const passwordFile = path(FLAGS.passwordFile);
  const password = env[PASSWORD_VARIABLE] === "" ? undefined : env[PASSWORD_VARIABLE];
  if (username === undefined && (passwordFile ?? password) !== undefined) {
    const given = passwordFile === undefined ? `$${PASSWORD_VARIABLE}` : "--password-file";
    throw new ConfigError(`${given} needs --username NAME: MQTT knows no password without a user name`);
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

/** Credentials may come with a scheme or without, and may hold any character. */
function withoutPassword(text: string): string {
  return text.replace(/^([^:/@]*:\/\/)?.*@/s, "$1…@");
}

function readName(name: string): string {
  if (!isName(name)) throw new ConfigError(`--name must be ${NAME_RULE}: current value is '${name}'`);
  return name;
}

function readChoice<T extends string>(flag: string, choices: readonly T[], text: string | undefined): T {
  const choice = choices.find((known) => known === text);
  if (choice !== undefined) return choice;
  throw new ConfigError(`--${flag} must be one of ${choices.join(", ")}: current value is '${text}'`);
}

/** Deno separates the paths of a permission by commas. */
function folder(flag: string, path: string): string {
  const absolute = resolve(path);
  if (absolute.includes(",")) {
    throw new ConfigError(`--${flag} must not contain a comma: current value is '${path}'`);
  }
  return absolute;
}

function wholeNumber(flag: string, text: string | undefined, min: number, max: number): number {
  const value = /^\d+$/.test(text ?? "") ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new ConfigError(`--${flag} must be a whole number from ${min} to ${max}: current value is '${text}'`);
}

function positive(flag: string, text: string | undefined, max: number): number {
  const value = /^\d+(\.\d+)?$/.test(text ?? "") ? Number(text) : NaN;
  if (value > 0 && value <= max) return value;
  throw new ConfigError(`--${flag} must be a number above 0 and up to ${max}: current value is '${text}'`);
}

function defaultWorkDir(env: Environment): string {
  const cache = env.XDG_CACHE_HOME ?? (env.HOME === undefined ? undefined : join(env.HOME, ".cache"));
  return join(cache ?? "/tmp", "agentflow");
}

/** The text of `--help`. */
export function helpText(): string {
  const rows = ALL_FLAGS.map((flag): [string, string] => [
    `--${flag.name}${flag.value === undefined ? "" : ` ${flag.value}`}`,
    flag.help + defaultText(flag),
  ]);
  const width = Math.max(...rows.map(([left]) => left.length));
  return [
    "Runs agents that arrive over MQTT, each in a sandbox of its own.",
    "",
    "Usage: deno run -A runner/main.ts [--broker HOST] [--name NAME] …",
    "",
    ...rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`),
    "",
    "Exit code: 0 after a clean end, 1 when the self-test or the start fails, 2 for a bad flag or value,",
    "3 when another node has the same name.",
  ].join("\n");
}

function defaultText(flag: Flag): string {
  const variables = (flag.env ?? []).map((name) => `$${name}`);
  const fallback = flag.fallback ?? flag.fallbackText;
  const defaults = [...variables, ...(fallback === undefined ? [] : [fallback])];
  return defaults.length === 0 ? "" : ` (default: ${defaults.join(", else ")})`;
}
