/** Reads the runner's configuration from the command line and the environment. */
import { join, resolve } from "@std/path";
import { nodeNameError } from "../protocol/names.ts";
import { type EmbeddableBroker, readEmbeddableBroker } from "../protocol/broker/broker_flags.ts";
import { readCommandLine } from "../protocol/config/command_line.ts";
import { prefixError } from "../protocol/home_assistant.ts";
import { ConfigError } from "../protocol/config/config_error.ts";
import type { Environment, ReadFlag } from "../protocol/config/flag.ts";
import { absolute, oneOf, positive, wholeNumber } from "../protocol/config/values.ts";
import { type EmbeddedConfig, readEmbedded } from "./broker/embedded_flags.ts";
import { ALL_FLAGS, FLAGS, OUTBOXES, SWITCH, TRUST_MODES } from "./flags.ts";
import { windowError } from "../protocol/window.ts";
import { LOG_LEVELS, type LogLevel } from "./logger.ts";

export interface RunnerConfig extends EmbeddableBroker {
  /** Further settings of an embedded broker. */
  readonly embedded: EmbeddedConfig;
  readonly name: string;
  /** Labels by which operators choose nodes. */
  readonly labels: Readonly<Record<string, string>>;
  /** When fleet files may change the node; `undefined`: always. */
  readonly window: string | undefined;
  readonly logLevel: LogLevel;
  /** Absolute. */
  readonly stateDir: string;
  /** Whether the state folder is the default one, which a reboot clears. */
  readonly stateDirIsTemporary: boolean;
  /** Absolute. */
  readonly workDir: string;
  /** Where the kernel shows its devices. Absolute. */
  readonly sys: string;
  /** Where Python agents get their packages; `prefetch`: whether to download Python at the start. */
  readonly python: {
    readonly prefetch: boolean;
    /** npm archive of Pyodide, instead of the registry. Absolute. */
    readonly archive: string | undefined;
    /** Absolute. */
    readonly wheels: string | undefined;
    readonly indexUrl: string;
  };
  /** The executable for agents, if one was given. */
  readonly deno: string | undefined;
  /** Whether the kernel restricts agents in addition to Deno. */
  readonly walls: boolean;
  readonly outboxMessages: number;
  readonly outboxBytes: number;
  /** Whether waiting messages survive a crash of this process. */
  readonly outbox: "memory" | "disk";
  readonly stateBytes: number;
  readonly migrateTimeoutMs: number;
  readonly hangTimeoutMs: number;
  readonly heapMb: number;
  /** The file with the keys whose commands are obeyed; without it, all commands are obeyed. */
  readonly trust: { readonly keyFile: string; readonly mode: "enforce" | "warn" } | undefined;
  /** The file with the secrets of agents. */
  readonly secretsFile: string | undefined;
  /** Resident memory of an agent, MiB, unless the policy says otherwise. */
  readonly memoryMb: number;
  /** The discovery prefix of Home Assistant, if the node announces itself there. */
  readonly homeAssistant: string | undefined;
  /** Absolute path of the operator's policy. */
  readonly policy: string | undefined;
}

/** What the command line asks for. */
export type Request =
  | { readonly kind: "run"; readonly config: RunnerConfig }
  | { readonly kind: "test"; readonly config: RunnerConfig }
  | { readonly kind: "version" }
  | { readonly kind: "help" };

/**
 * Reads the command line.
 * @param random six random hex digits, for a node without a name
 * @throws ConfigError
 */
export function parseCommandLine(args: readonly string[], env: Environment, random: string): Request {
  const { read, isSet } = readCommandLine(ALL_FLAGS, args, env);
  if (isSet(FLAGS.help)) return { kind: "help" };
  if (isSet(FLAGS.version)) return { kind: "version" };
  const config = buildConfig(read, env, random, isSet(FLAGS.withPython));
  return { kind: isSet(FLAGS.test) ? "test" : "run", config };
}

function buildConfig(
  read: ReadFlag,
  env: Environment,
  random: string,
  prefetch: boolean,
): RunnerConfig {
  const stateDir = read(FLAGS.stateDir) ?? "";
  const broker = readEmbeddableBroker(read, env);
  return Object.freeze({
    ...broker,
    embedded: readEmbedded(read, broker.broker === "embedded"),
    name: readName(read(FLAGS.node) ?? read(FLAGS.name) ?? `node-${random}`),
    labels: readLabels(read(FLAGS.labels)),
    window: readWindow(read(FLAGS.window)),
    logLevel: oneOf("loglevel", LOG_LEVELS, read(FLAGS.loglevel)?.toUpperCase()),
    stateDir: folder("state-dir", stateDir),
    stateDirIsTemporary: resolve(stateDir) === "/tmp",
    workDir: folder("work-dir", read(FLAGS.workDir) ?? defaultWorkDir(env)),
    sys: resolve(read(FLAGS.sys) ?? ""),
    python: {
      prefetch,
      archive: absolute(read(FLAGS.pyodide)),
      wheels: absolute(read(FLAGS.wheels)),
      indexUrl: readIndexUrl(read(FLAGS.pipIndexUrl)),
    },
    deno: read(FLAGS.deno),
    walls: oneOf("walls", SWITCH, read(FLAGS.walls)) === "on",
    outbox: oneOf("outbox", OUTBOXES, read(FLAGS.outbox)),
    outboxMessages: wholeNumber("outbox-messages", read(FLAGS.outboxMessages), 1, 10_000_000),
    outboxBytes: positive("outbox-mb", read(FLAGS.outboxMb), 65_536) * 1024 * 1024,
    stateBytes: positive("state-mb", read(FLAGS.stateMb), 1024) * 1024 * 1024,
    heapMb: wholeNumber("heap-mb", read(FLAGS.heapMb), 16, 65_536),
    memoryMb: wholeNumber("memory-mb", read(FLAGS.memoryMb), 32, 1_048_576),
    homeAssistant: readPrefix(read(FLAGS.homeAssistant)),
    policy: absolute(read(FLAGS.policy)),
    migrateTimeoutMs: positive("migrate-timeout", read(FLAGS.migrateTimeout), 86_400) * 1000,
    hangTimeoutMs: positive("hang-timeout", read(FLAGS.hangTimeout), 86_400) * 1000,
    trust: readTrust(read(FLAGS.trust), oneOf("trust-mode", TRUST_MODES, read(FLAGS.trustMode))),
    secretsFile: absolute(read(FLAGS.secrets)),
  });
}

function readTrust(path: string | undefined, mode: (typeof TRUST_MODES)[number]): RunnerConfig["trust"] {
  const keyFile = absolute(path);
  return keyFile === undefined || mode === "off" ? undefined : { keyFile, mode };
}

function readPrefix(prefix: string | undefined): string | undefined {
  if (prefix === undefined) return undefined;
  const problem = prefixError(prefix);
  if (problem === undefined) return prefix;
  throw new ConfigError(`--home-assistant ${problem}: current value is '${prefix}'`);
}

function readName(name: string): string {
  const problem = nodeNameError(name);
  if (problem !== undefined) throw new ConfigError(`--name ${problem}`);
  return name;
}

/** A key or a value of a label. */
const LABEL_PART = /^[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$/;
const MAX_LABELS = 32;

function readWindow(text: string | undefined): string | undefined {
  const problem = text === undefined ? undefined : windowError(text);
  if (problem !== undefined) throw new ConfigError(`--window: ${problem}`);
  return text;
}

function readLabels(text: string | undefined): RunnerConfig["labels"] {
  if (text === undefined) return {};
  const entries = text.split(",").map((pair): [string, string] => {
    const [key = "", value = "", ...rest] = pair.trim().split("=");
    if (LABEL_PART.test(key) && LABEL_PART.test(value) && rest.length === 0) return [key, value];
    throw new ConfigError(
      "--labels must be like room=hall,gpu=yes, of A-Z a-z 0-9 . _ / - up to 63 characters each: " +
        `current value is '${text}'`,
    );
  });
  const labels = Object.fromEntries(entries);
  if (Object.keys(labels).length < entries.length) {
    throw new ConfigError(`--labels has a key twice: current value is '${text}'`);
  }
  if (entries.length <= MAX_LABELS) return Object.freeze(labels);
  throw new ConfigError(`--labels takes at most ${MAX_LABELS} labels, got ${entries.length}`);
}

/** The URL may contain a password, so it is never shown. */
function readIndexUrl(text = ""): string {
  const url = URL.parse(text);
  if (url !== null && (url.protocol === "https:" || url.protocol === "http:")) return text;
  throw new ConfigError("--pip-index-url must be an http:// or https:// URL");
}

/** Deno separates the paths of a permission by commas. */
function folder(flag: string, path: string): string {
  const absolute = resolve(path);
  if (absolute.includes(",")) {
    throw new ConfigError(`--${flag} must not contain a comma: current value is '${path}'`);
  }
  return absolute;
}

/** The cache folder without `--work-dir`. */
export function defaultWorkDir(env: Environment): string {
  const cache = env.XDG_CACHE_HOME ?? (env.HOME === undefined ? undefined : join(env.HOME, ".cache"));
  return join(cache ?? "/tmp", "agentflow");
}
