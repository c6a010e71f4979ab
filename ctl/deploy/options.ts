/** The command line of `agentflow deploy`, read. Pure. */
import { parseArgs } from "@std/cli/parse-args";
import { ConfigError } from "../../bus/config_error.ts";
import { isName, NAME_RULE } from "../../protocol/names.ts";
import type { Flag } from "../../bus/flag.ts";
import { FLAGS } from "../../runner/flags.ts";
import type { Scope } from "./layout.ts";
import { checkDestination } from "./ssh.ts";
import { readRunnerFlags, type RunnerFlags } from "./wish.ts";

/** Flags of deploy itself. */
const OWN = {
  to: {
    name: "to",
    value: "USER@HOST",
    help: "the device, as ssh takes it: an alias of its configuration will do",
  },
  system: { name: "system", help: "a service of the system, by sudo (default: of the user, without it)" },
  upgrade: {
    name: "upgrade",
    help: "change a node that is there: keep its agents, and go back if it does not come up",
  },
  uninstall: { name: "uninstall", help: "stop the node and remove it; its agents' state stays" },
  purge: { name: "purge", help: "with --uninstall: remove its agents' state too" },
  dryRun: { name: "dry-run", help: "say what would be done, and do nothing" },
  via: {
    name: "via",
    value: "URL",
    fallbackText: "--broker",
    help: "where this machine reaches the broker, to wait for the heartbeat",
  },
  noWait: { name: "no-wait", help: "do not wait for the node's heartbeat on the broker" },
  timeout: {
    name: "timeout",
    value: "SECONDS",
    fallback: "60",
    help: "how long the node may take to its first heartbeat",
  },
  sshConfig: { name: "ssh-config", value: "FILE", fallbackText: "that of ssh", help: "configuration of ssh" },
  runner: {
    name: "runner",
    value: "FILE",
    fallbackText: "made from the sources",
    help: "the runner as one file, agentflow-node.js",
  },
  denoFile: {
    name: "deno-file",
    value: "FILE",
    fallbackText: "this one where it fits, else fetched from the npm registry",
    help: "Deno for the device",
  },
  json: { name: "json", help: "print the result as JSON" },
  help: { name: "help", help: "print this text and exit" },
} satisfies Record<string, Flag>;

/** Flags of the runner that are passed on under their own names; others go after `--`. */
const PASSED: readonly Flag[] = [
  FLAGS.broker,
  FLAGS.port,
  FLAGS.username,
  FLAGS.passwordFile,
  FLAGS.ca,
  FLAGS.cert,
  FLAGS.key,
  FLAGS.policy,
  FLAGS.trust,
  FLAGS.secrets,
  FLAGS.loglevel,
];

export interface DeployOptions {
  readonly node: string;
  readonly destination: string;
  readonly scope: Scope;
  readonly action: "deploy" | "uninstall";
  readonly upgrade: boolean;
  readonly purge: boolean;
  readonly dryRun: boolean;
  readonly wait: boolean;
  /** In place of the device's broker. */
  readonly via: string | undefined;
  readonly patienceMs: number;
  readonly sshConfig: string | undefined;
  readonly runner: string | undefined;
  readonly denoFile: string | undefined;
  readonly json: boolean;
  readonly flags: RunnerFlags;
}

export type DeployRequest = { readonly kind: "help" } | {
  readonly kind: "run";
  readonly options: DeployOptions;
};

/** @throws ConfigError */
export function parseDeploy(args: readonly string[]): DeployRequest {
  const end = args.indexOf("--");
  const [own, rest] = end < 0 ? [args, []] : [args.slice(0, end), args.slice(end + 1)];
  const flags: readonly Flag[] = [...Object.values(OWN), ...PASSED];
  const given = parseArgs(own, {
    string: flags.filter(({ value }) => value !== undefined).map(({ name }) => name),
    boolean: flags.filter(({ value }) => value === undefined).map(({ name }) => name),
    unknown: (argument, key) => {
      if (key !== undefined) {
        throw new ConfigError(
          `unknown argument '${argument}': see --help (other flags of the runner go after --)`,
        );
      }
    },
  });
  const text = ({ name }: Flag): string | undefined => {
    const value = given[name];
    if (value === "") throw new ConfigError(`--${name} needs a value`);
    return typeof value === "string" ? value : undefined;
  };
  const isSet = ({ name }: Flag) => given[name] === true;
  if (isSet(OWN.help)) return { kind: "help" };
  const passed = PASSED.flatMap((flag) => {
    const value = text(flag);
    return value === undefined ? [] : [`--${flag.name}`, value];
  });
  const isUninstall = isSet(OWN.uninstall);
  if (!isUninstall && text(FLAGS.broker) === undefined) {
    throw new ConfigError("--broker is missing: the broker as the device reaches it");
  }
  if (isSet(OWN.purge) && !isUninstall) throw new ConfigError("--purge goes with --uninstall");
  return {
    kind: "run",
    options: {
      node: readNode(given._),
      destination: readDestination(text(OWN.to)),
      scope: isSet(OWN.system) ? "system" : "user",
      action: isUninstall ? "uninstall" : "deploy",
      upgrade: isSet(OWN.upgrade),
      purge: isSet(OWN.purge),
      dryRun: isSet(OWN.dryRun),
      wait: !isSet(OWN.noWait),
      via: text(OWN.via),
      patienceMs: readSeconds(text(OWN.timeout) ?? OWN.timeout.fallback) * 1000,
      sshConfig: text(OWN.sshConfig),
      runner: text(OWN.runner),
      denoFile: text(OWN.denoFile),
      json: isSet(OWN.json),
      flags: readRunnerFlags([...passed, ...rest]),
    },
  };
}

function readNode(names: readonly string[]): string {
  const [name, more] = names;
  if (name === undefined) throw new ConfigError("say which node: agentflow deploy NAME --to USER@HOST …");
  if (more !== undefined) throw new ConfigError(`one node at a time: what is '${more}'?`);
  if (!isName(name)) {
    throw new ConfigError(`the node's name must be ${NAME_RULE}: current value is '${name}'`);
  }
  return name;
}

function readDestination(text: string | undefined): string {
  if (text === undefined) throw new ConfigError("--to is missing: the device, like pi@192.168.1.52");
  try {
    return checkDestination(text);
  } catch (error) {
    throw new ConfigError((error as Error).message);
  }
}

function readSeconds(text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (value > 0 && value <= 3600) return value;
  throw new ConfigError(`--timeout must be a number above 0 and up to 3600: current value is '${text}'`);
}

/** The text of `--help`. */
export function deployHelp(): string {
  const rows = (flags: readonly Flag[]) =>
    flags.map((flag): [string, string] => {
      // What the runner's own are when nobody gives them, its own help says.
      const fallback = PASSED.includes(flag) ? undefined : flag.fallback ?? flag.fallbackText;
      const left = `--${flag.name}${flag.value === undefined ? "" : ` ${flag.value}`}`;
      return [left, flag.help + (fallback === undefined ? "" : ` (default: ${fallback})`)];
    });
  const [own, passed] = [rows(Object.values(OWN)), rows(PASSED)];
  const width = Math.max(...[...own, ...passed].map(([left]) => left.length));
  const lines = (table: [string, string][]) =>
    table.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
  return [
    "Brings a node to a device over ssh, and starts it there as a service of systemd.",
    "",
    "Usage: agentflow deploy NAME --to USER@HOST --broker HOST|URL [flags] [-- flags of the runner]",
    "",
    ...lines(own),
    "",
    "Of the runner; files go along, readable for their owner alone:",
    "",
    ...lines(passed),
    "",
    "The device needs 64-bit Linux (x86_64 or aarch64) with glibc and systemd, and no internet. A second run changes",
    "nothing. Exit code: 0 when the node is there as asked, 1 when it is not, 2 for a bad flag or file.",
  ].join("\n");
}
