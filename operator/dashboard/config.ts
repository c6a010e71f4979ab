/** Parses the dashboard's command line and environment into its configuration. Pure. */
import { resolve } from "@std/path";
import { type AccessSources, readBroker, readPort, readSources } from "../../protocol/broker/broker_flags.ts";
import type { BrokerUrl } from "../../protocol/broker/broker_url.ts";
import { readCommandLine } from "../../protocol/config/command_line.ts";
import { ConfigError } from "../../protocol/config/config_error.ts";
import type { Environment, ReadFlag } from "../../protocol/config/flag.ts";
import { type ModelSources, readModelSources } from "../chat/model_flags.ts";
import { requireToken } from "../http/token_rule.ts";
import { ALL_FLAGS, FLAGS } from "./flags.ts";

export interface DashboardConfig {
  /** `embedded`: run a broker in this process. */
  readonly broker: BrokerUrl | "embedded";
  /** The loopback port of the embedded broker. */
  readonly port: number;
  readonly access: AccessSources;
  readonly listen: string;
  readonly httpPort: number;
  readonly hostNames: readonly string[];
  /** Absolute. */
  readonly tokenFile: string | undefined;
  readonly allowControl: boolean;
  readonly showCode: boolean;
  /** Absolute. */
  readonly signKey: string | undefined;
  /** Settings of the chat. */
  readonly model: ModelSources | undefined;
}

export type Request =
  | { readonly kind: "help" }
  | { readonly kind: "run"; readonly config: DashboardConfig };

/** @throws ConfigError */
export function parseCommandLine(args: readonly string[], env: Environment): Request {
  const { read, isSet } = readCommandLine(ALL_FLAGS, args, env);
  if (isSet(FLAGS.help)) return { kind: "help" };
  return {
    kind: "run",
    config: Object.freeze({
      ...readConfig(read, env),
      allowControl: isSet(FLAGS.allowControl),
      showCode: isSet(FLAGS.showCode),
    }),
  };
}

function readConfig(read: ReadFlag, env: Environment) {
  const port = readPort(read);
  const brokerText = read(FLAGS.broker) ?? "";
  const broker = brokerText === "embedded" ? "embedded" as const : readBroker(brokerText, port);
  const listen = read(FLAGS.listen) ?? "";
  const tokenFile = absolute(read(FLAGS.tokenFile));
  const signKey = absolute(read(FLAGS.signKey));
  requireToken({
    listen: { flag: "--listen", address: listen },
    signs: signKey !== undefined,
    hasToken: tokenFile !== undefined,
    advice: "give --token-file FILE (to make one: head -c 24 /dev/urandom | base64 > token; chmod 600 token)",
  });
  return {
    broker,
    port: port ?? 1883,
    access: readSources(read, env, broker),
    listen,
    httpPort: readHttpPort(read(FLAGS.httpPort) ?? ""),
    hostNames: (read(FLAGS.hostName) ?? "").split(",").map((name) => name.trim()).filter((name) =>
      name !== ""
    ),
    tokenFile,
    signKey,
    model: readModelSources(read, env),
  };
}

function readHttpPort(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= 0 && value <= 65_535) return value;
  throw new ConfigError(`--http-port must be a whole number from 0 to 65535: current value is '${text}'`);
}

function absolute(path: string | undefined): string | undefined {
  return path === undefined ? undefined : resolve(path);
}
