/** Reads command-line options with types, and defines the connection flags that commands share. */
import { type Command, Option } from "commander";
import type { BrokerAccess } from "../../protocol/broker/access.ts";
import { BROKER_FLAGS, readBroker, readPort, readSources } from "../../protocol/broker/broker_flags.ts";
import type { BrokerUrl } from "../../protocol/broker/broker_url.ts";
import { ConfigError } from "../../protocol/config/config_error.ts";
import { isName, NAME_RULE } from "../../protocol/names.ts";
import {
  type Environment,
  type Flag,
  fromEnvironment,
  type ReadFlag,
  repetitionError,
} from "../../protocol/config/flag.ts";
import { explain } from "../../protocol/config/help.ts";
import { positive } from "../../protocol/config/values.ts";
import { SIGN_KEY } from "../sign_key.ts";
import { profileValue, readProfile } from "./profile.ts";

/** The values of a command's options, by camel-case name. */
export type Options = Readonly<Record<string, unknown>>;

const PROFILE: Flag = {
  name: "profile",
  value: "NAME",
  env: ["AGENTFLOW_PROFILE"],
  help: "profile in ~/.config/agentflow/config.json that sets the flags of this group",
};
const TIMEOUT: Flag = {
  name: "timeout",
  value: "SECONDS",
  help: "how long to wait for an answer, or for an outcome",
};

const CONNECTION_FLAGS: readonly Flag[] = [...Object.values(BROKER_FLAGS), SIGN_KEY, PROFILE, TIMEOUT];

/** How to reach the broker, and the key that signs commands. */
export interface Connection {
  readonly broker: BrokerUrl;
  readonly access: BrokerAccess;
  readonly signKey: string | undefined;
}

export function addConnectionOptions(command: Command): void {
  for (const flag of CONNECTION_FLAGS) command.addOption(optionOf(flag).helpGroup("Connection:"));
}

/**
 * @param warn receives warnings about problems that do not prevent the connection
 * @throws ConfigError
 */
export async function readConnection(
  options: Options,
  env: Environment,
  warn: (message: string) => void,
): Promise<Connection> {
  const read = await flagReader(options, env);
  const url = readBroker(read(BROKER_FLAGS.broker) ?? "", readPort(read));
  // It loads cryptography that a command without a connection does not need.
  const { readAccess } = await import("../../protocol/broker/access_files.ts");
  const access = await readAccess(readSources(read, env, url), warn);
  return { broker: url, access, signKey: read(SIGN_KEY) };
}

/**
 * Looks up flags in this order: command line, requested profile, environment, default profile.
 * @throws ConfigError
 */
export async function flagReader(options: Options, env: Environment): Promise<ReadFlag> {
  const fromEnv = (flag: Flag) => fromEnvironment(flag, env);
  const chosen = text(options, "profile") ?? fromEnv(PROFILE);
  const profile = await readProfile(env, chosen);
  const broker = text(options, "broker") ?? (chosen === undefined ? fromEnv(BROKER_FLAGS.broker) : undefined);
  return (flag) => {
    const profiled = profileValue(profile, flag, broker !== undefined);
    const [first, second] = chosen === undefined ? [fromEnv(flag), profiled] : [profiled, fromEnv(flag)];
    return text(options, camelCase(flag.name)) ?? first ?? second ?? flag.fallback;
  };
}

/** @throws ConfigError for a flag given without a value */
export function text(options: Options, name: string): string | undefined {
  const value = options[name];
  if (value === "") throw new ConfigError(`--${kebabCase(name)} needs a value`);
  return typeof value === "string" ? value : undefined;
}

/**
 * Checks a name before it goes into a topic or is looked up.
 * @param what the argument's name in the help
 * @throws ConfigError for anything that cannot be the name of a node or an agent
 */
export function nameGiven(what: string, given: string | undefined): string {
  if (isName(given)) return given;
  throw new ConfigError(`${what} must be ${NAME_RULE}: current value is '${given ?? ""}'`);
}

export function isSet(options: Options, name: string): boolean {
  return options[name] === true;
}

/** @returns milliseconds @throws ConfigError for anything but a number above 0 */
export function milliseconds(options: Options, name: string): number | undefined {
  const given = text(options, name);
  if (given === undefined) return undefined;
  return positive(kebabCase(name), given, 86_400, "seconds") * 1000;
}

export function optionOf(flag: Flag): Option {
  const option = new Option(
    `--${flag.name}${flag.value === undefined ? "" : ` <${flag.value}>`}`,
    explain(flag),
  );
  if (flag.once === undefined) return option;
  return option.argParser((value: string, before: unknown) => {
    const problem = repetitionError(flag, before === undefined ? 1 : 2);
    if (problem !== undefined) throw new ConfigError(problem);
    return value;
  });
}

export function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
