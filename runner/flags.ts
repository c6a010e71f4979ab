/** The flags of the runner: one table, from which the command line is read and `--help` is written. */
import { EMBEDDABLE_BROKER_FLAGS } from "../protocol/broker/broker_flags.ts";
import type { Flag } from "../protocol/config/flag.ts";
import { EMBEDDED_FLAGS } from "./broker/embedded_flags.ts";
import { helpText } from "../protocol/config/help.ts";
import { LOG_LEVELS } from "./logger.ts";

export const OUTBOXES = ["memory", "disk"] as const;
export const SWITCH = ["on", "off"] as const;
export const TRUST_MODES = ["enforce", "warn", "off"] as const;

export const FLAGS = {
  ...EMBEDDABLE_BROKER_FLAGS,
  ...EMBEDDED_FLAGS,
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
    help: "labels by which operators choose nodes, such as room=hall; sent with each heartbeat",
  },
  window: {
    name: "window",
    value: "TIMES",
    env: ["AGENTFLOW_WINDOW"],
    fallbackText: "always",
    help: "when fleet files may change this node, such as 'Sat 02:00-04:00 Europe/Berlin'",
  },
  loglevel: {
    name: "loglevel",
    value: LOG_LEVELS.join("|"),
    fallback: "INFO",
    help: "lowest level that is logged to stderr",
  },
  stateDir: {
    name: "state-dir",
    value: "DIR",
    env: ["STATE_DIRECTORY"],
    fallback: "/tmp",
    help: "folder for the agents' state files and the node's registry",
  },
  workDir: {
    name: "work-dir",
    value: "DIR",
    env: ["CACHE_DIRECTORY"],
    fallbackText: "agentflow in the user's cache folder",
    help: "cache folder, for the harness and the agents' packages",
  },
  withPython: {
    name: "with-python",
    help: "download Python at the start instead of with the first agent that needs it",
  },
  pyodide: {
    name: "pyodide",
    value: "FILE",
    fallbackText: "downloaded from the npm registry",
    help:
      "npm archive of Pyodide, the Python interpreter (pyodide-*.tgz), for a node that cannot reach the registry",
  },
  wheels: {
    name: "wheels",
    value: "DIR",
    fallbackText: "none",
    help: "folder that is searched first for wheels of Python agents",
  },
  pipIndexUrl: {
    name: "pip-index-url",
    value: "URL",
    env: ["PIP_INDEX_URL"],
    fallback: "https://pypi.org/simple/",
    help: "package index for Python agents",
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
    help: "maximum number of messages kept while the broker is away",
  },
  outboxMb: {
    name: "outbox-mb",
    value: "MB",
    fallback: "32",
    help: "maximum total size of these messages",
  },
  stateMb: { name: "state-mb", value: "MB", fallback: "16", help: "maximum size of an agent's state file" },
  heapMb: { name: "heap-mb", value: "MB", fallback: "192", help: "maximum JavaScript heap of an agent" },
  memoryMb: {
    name: "memory-mb",
    value: "MB",
    fallback: "256",
    help: "maximum memory of an agent; an agent that uses more is restarted",
  },
  policy: {
    name: "policy",
    value: "FILE",
    fallbackText: "no extra permissions, no control topics",
    help: "permissions and limits of agents on this node: see docs/policy.md",
  },
  walls: {
    name: "walls",
    value: SWITCH.join("|"),
    fallback: "on",
    help: "whether the kernel confines agents too, where it can (Landlock, seccomp): see docs/security.md",
  },
  migrateTimeout: {
    name: "migrate-timeout",
    value: "SECONDS",
    fallback: "30",
    help: "how long a migrating agent may take to run on its new node; after that it stays here",
  },
  hangTimeout: {
    name: "hang-timeout",
    value: "SECONDS",
    fallback: "30",
    help: "how long an agent's event loop may fail to answer before the agent is restarted",
  },
  trust: {
    name: "trust",
    value: "KEYFILE",
    env: ["AGENTFLOW_TRUST"],
    fallbackText: "every command is obeyed",
    help: "obey only commands signed with a key from this file",
  },
  trustMode: {
    name: "trust-mode",
    value: TRUST_MODES.join("|"),
    fallback: "enforce",
    help: "what happens to other commands: they are refused, obeyed with a warning, or obeyed",
  },
  secrets: {
    name: "secrets",
    value: "FILE",
    env: ["AGENTFLOW_SECRETS"],
    fallbackText: "none",
    help: "agents' secrets, and which agents may read them; no other user may read the file",
  },
  homeAssistant: {
    name: "home-assistant",
    value: "[PREFIX]",
    bare: "homeassistant",
    fallbackText: "off",
    help: "announce agents' readings, switches and alerts by MQTT discovery: see docs/home-assistant.md",
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
