/** Reads the flags of `agentflow deploy`. Pure. */
import { ConfigError } from "../../protocol/config/config_error.ts";
import { nodeNameError } from "../../protocol/names.ts";
import type { Flag } from "../../protocol/config/flag.ts";
import { positive } from "../../protocol/config/values.ts";
import { FLAGS } from "../../runner/flags.ts";
import type { Scope } from "./layout.ts";
import { checkDestination } from "./ssh.ts";
import { FLAGS_OF_DEPLOY, readRunnerFlags, type RunnerFlags } from "./wish.ts";

/** Flags of `deploy` itself. */
export const OWN_FLAGS = {
  to: {
    name: "to",
    value: "USER@HOST",
    help: "the device, as ssh accepts it; an alias from your ssh configuration works too",
  },
  system: { name: "system", help: "install a system service, with sudo (default: a user service, without)" },
  upgrade: {
    name: "upgrade",
    help: "change an existing node: keep its agents, and roll back if it does not come up",
  },
  uninstall: { name: "uninstall", help: "stop the node and remove it; its agents' state stays" },
  purge: { name: "purge", help: "with --uninstall: remove its agents' state too" },
  dryRun: { name: "dry-run", help: "show what would be done, and do nothing" },
  via: {
    name: "via",
    value: "URL",
    fallbackText: "--broker",
    help: "the broker as this machine reaches it, to wait for the heartbeat",
  },
  noWait: { name: "no-wait", help: "do not wait for the node's heartbeat on the broker" },
  timeout: {
    name: "timeout",
    value: "SECONDS",
    fallback: "60",
    help: "how long to wait for the node's first heartbeat",
  },
  sshConfig: {
    name: "ssh-config",
    value: "FILE",
    fallbackText: "ssh's own",
    help: "configuration file for ssh",
  },
  runner: {
    name: "runner",
    value: "FILE",
    fallbackText: "bundled from the sources",
    help: "the runner as one file, agentflow-node.js",
  },
  denoFile: {
    name: "deno-file",
    value: "FILE",
    fallbackText: "this program's own if it fits, else from the npm registry",
    help: "Deno for the device",
  },
} satisfies Record<string, Flag>;

/** Flags of the runner that `deploy` passes on under the same name; others go after `--`. */
export const PASSED_FLAGS: readonly Flag[] = [
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
  FLAGS.withPython,
  FLAGS.loglevel,
];

/** Flags of `deploy` that an inventory may give for each device. */
export const DEVICE_FLAGS: readonly Flag[] = [
  OWN_FLAGS.system,
  OWN_FLAGS.via,
  OWN_FLAGS.noWait,
  OWN_FLAGS.timeout,
  OWN_FLAGS.sshConfig,
];

/** Flags of the runner that an inventory may give: labels have a place of their own there. */
export const RUNNER_FLAGS: readonly Flag[] = Object.values(FLAGS).filter((flag: Flag) =>
  flag !== FLAGS.labels && !FLAGS_OF_DEPLOY.includes(flag)
);

export interface DeployOptions {
  readonly node: string;
  readonly destination: string;
  readonly scope: Scope;
  readonly action: "deploy" | "uninstall";
  readonly upgrade: boolean;
  readonly purge: boolean;
  readonly dryRun: boolean;
  readonly wait: boolean;
  /** URL at which this machine reaches the broker, if not the device's. */
  readonly via: string | undefined;
  readonly patienceMs: number;
  readonly sshConfig: string | undefined;
  readonly runner: string | undefined;
  readonly denoFile: string | undefined;
  readonly flags: RunnerFlags;
}

/** Looks up a flag: its value, `true` for a switch, or `undefined` if it was not given. */
export type Given = (flag: Flag) => string | boolean | undefined;

/**
 * @param rest flags of the runner that were given after `--`
 * @throws ConfigError
 */
export function readDeploy(node: string, rest: readonly string[], given: Given): DeployOptions {
  const text = (flag: Flag): string | undefined => {
    const value = given(flag);
    if (value === "") throw new ConfigError(`--${flag.name} needs a value`);
    return typeof value === "string" ? value : undefined;
  };
  const isSet = (flag: Flag) => given(flag) === true;
  const passed = PASSED_FLAGS.flatMap((flag) => {
    if (flag.value === undefined) return isSet(flag) ? [`--${flag.name}`] : [];
    const value = text(flag);
    return value === undefined ? [] : [`--${flag.name}`, value];
  });
  const isUninstall = isSet(OWN_FLAGS.uninstall);
  if (!isUninstall && text(FLAGS.broker) === undefined) {
    throw new ConfigError("--broker is missing: the broker as the device reaches it");
  }
  if (isSet(OWN_FLAGS.purge) && !isUninstall) throw new ConfigError("--purge goes with --uninstall");
  if (isSet(OWN_FLAGS.dryRun) && isUninstall) throw new ConfigError("--dry-run does not go with --uninstall");
  return {
    node: readNode(node),
    destination: readDestination(text(OWN_FLAGS.to)),
    scope: isSet(OWN_FLAGS.system) ? "system" : "user",
    action: isUninstall ? "uninstall" : "deploy",
    upgrade: isSet(OWN_FLAGS.upgrade),
    purge: isSet(OWN_FLAGS.purge),
    dryRun: isSet(OWN_FLAGS.dryRun),
    wait: !isSet(OWN_FLAGS.noWait),
    via: text(OWN_FLAGS.via),
    patienceMs: positive("timeout", text(OWN_FLAGS.timeout) ?? OWN_FLAGS.timeout.fallback, 3600) * 1000,
    sshConfig: text(OWN_FLAGS.sshConfig),
    runner: text(OWN_FLAGS.runner),
    denoFile: text(OWN_FLAGS.denoFile),
    flags: readRunnerFlags([...passed, ...rest]),
  };
}

function readNode(name: string): string {
  const problem = nodeNameError(name);
  if (problem === undefined) return name;
  throw new ConfigError(`the node's name ${problem}`);
}

function readDestination(text: string | undefined): string {
  if (text === undefined) throw new ConfigError("--to is missing: the device, like pi@192.168.1.52");
  return checkDestination(text);
}
