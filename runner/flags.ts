/** The flags of the runner: one table, from which the command line is read and `--help` is written. */
import { EMBEDDABLE_BROKER_FLAGS } from "../protocol/broker/broker_flags.ts";
import type { Flag } from "../protocol/config/flag.ts";
import { helpText } from "../protocol/config/help.ts";
import { LOG_LEVELS } from "./logger.ts";

export const OUTBOXES = ["memory", "disk"] as const;
export const SWITCH = ["on", "off"] as const;
export const TRUST_MODES = ["enforce", "warn", "off"] as const;

export const FLAGS = {
  ...EMBEDDABLE_BROKER_FLAGS,
  name: {
    name: "name",
    value: "NAME",
    env: ["AGENTFLOW_NODE", "WACTORZ_NODE"],
    fallbackText: "node- and six random digits",
    help: "name of this node",
  },
  node: { name: "node", value: "NAME", fallbackText: "--name", help: "the same as --name; this one wins" },
  labels: {
    name: "labels",
    value: "KEY=VALUE,…",
    env: ["AGENTFLOW_LABELS"],
    fallbackText: "none",
    help: "what this node is or has, for those who choose nodes by it: said with each heartbeat",
  },
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
  withPython: {
    name: "with-python",
    help: "fetch Python at the start, not with the first agent that needs it",
  },
  pyodide: {
    name: "pyodide",
    value: "FILE",
    fallbackText: "fetched from the npm registry",
    help:
      "what Python is made of, as npm packs it (pyodide-*.tgz), for a node that cannot reach the registry",
  },
  wheels: {
    name: "wheels",
    value: "DIR",
    fallbackText: "none",
    help: "wheels for agents in Python, which are looked for here first",
  },
  pipIndexUrl: {
    name: "pip-index-url",
    value: "URL",
    env: ["PIP_INDEX_URL"],
    fallback: "https://pypi.org/simple/",
    help: "index of the packages of agents in Python",
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
  walls: {
    name: "walls",
    value: SWITCH.join("|"),
    fallback: "on",
    help: "whether the kernel holds agents too, where it can (Landlock, seccomp): see docs/security.md",
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
  sys: {
    name: "sys",
    value: "DIR",
    fallback: "/sys",
    help: "where the kernel shows its devices; a made-up folder stands for sensors that are not there",
  },
  test: { name: "test", help: "test this machine with real agents, without a broker, and exit" },
  version: { name: "version", help: "print the version and exit" },
  help: { name: "help", help: "print this text and exit" },
} satisfies Record<string, Flag>;

export const ALL_FLAGS: readonly Flag[] = Object.values(FLAGS);

/** @param program how this runner is started */
export function runnerHelp(program = "deno run -A runner/main.ts"): string {
  return helpText({
    does: "Runs agents that arrive over MQTT, each in a sandbox of its own.",
    usage: `${program} [--broker HOST] [--name NAME] …`,
    flags: ALL_FLAGS,
    exitCodes: "0 after a clean end, 1 when the self-test or the start fails, 2 for a bad flag or value,\n" +
      "3 when another node has the same name.",
  });
}
