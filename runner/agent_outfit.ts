/** What an agent's process gets besides its permissions: limits, environment, first frame. Pure. */
import { join } from "@std/path";
import type { BrokerAddress, BrokerEntry, Peer, StartFrame } from "../protocol/frames.ts";
import type { Permissions } from "../protocol/permissions.ts";
import type { Installed } from "./install/flags.ts";
import type { Python } from "./install/python/installer.ts";
import type { Rules } from "./policy/policy.ts";
import type { PythonHarness } from "./process/harness_files.ts";
import type { Granted } from "./secrets/secrets.ts";
import type { SupervisedAgent } from "./supervisor/supervised_agent.ts";
import { pick } from "../protocol/packages/env.ts";

/** What an agent needs besides Deno: npm and JSR packages, or Python. */
export type Foundation =
  | { readonly kind: "packages"; readonly installed: Installed }
  | { readonly kind: "python"; readonly python: Python; readonly harness: PythonHarness };

/** Slack above the state's own limit, so that `persist` refuses before the kernel does. */
const FILE_SLACK_BYTES = 64 * 1024 * 1024;

/** Files and connections that an agent may have open at the same time, including some twenty of Deno's own. */
const MAX_OPEN_FILES = 128;
/** The same for an agent whose policy grants hosts, files or programs. */
const MAX_OPEN_FILES_GRANTED = 4096;

/** The ratio of the default limits: 192 of 256 MB. */
const HEAP_SHARE = 0.75;

/**
 * JavaScript heap of a Python agent, in MiB. The agent's own data is not in it: a larger heap would only let garbage
 * grow, up to the memory limit.
 */
const PYTHON_HEAP_MB = 48;

/**
 * Stacks, in KiB: Python recursion is WebAssembly recursion, on V8's stack or on a coroutine's. A stack of V8's default
 * size overflows before Python reaches its recursion limit, which crashes the interpreter. Linux gives a process 8 MiB.
 *
 * Memory: hardly anything lives in V8's new space, and code that runs only while the interpreter starts is not compiled
 * a second time by the optimizing compiler.
 */
const PYTHON_V8_FLAGS = [
  "--stack-size=2000",
  "--wasm-stack-switching-stack-size=2000",
  "--max-semi-space-size=1",
  "--wasm-tiering-budget=100000000",
];

/** WebGPU needs no permission and loads the machine's drivers. No back end has this name, so no GPU is found. */
const NO_GPU = { DENO_WEBGPU_BACKEND: "none" } as const;

/**
 * glibc's settings for a process that needs much memory while it starts and little afterwards: freed memory is returned
 * to the system. Agent code does not see these variables.
 */
const GIVE_MEMORY_BACK = {
  MALLOC_ARENA_MAX: "1",
  MALLOC_MMAP_THRESHOLD_: "65536",
  MALLOC_TRIM_THRESHOLD_: "65536",
} as const;

/** Defaults from the runner's flags, for what the policy does not set. */
export interface Defaults {
  /** JavaScript's heap, MiB. */
  readonly heapMb: number;
  /** Resident memory, MiB. */
  readonly memoryMb: number;
  readonly stateBytes: number;
}

export interface Limits extends Defaults {
  /** The largest size of any file that it writes. */
  readonly fileBytes: number;
  readonly openFiles: number;
}

export function limitsOf(
  rules: Rules,
  permissions: Permissions,
  foundation: Foundation | undefined,
  defaults: Defaults,
): Limits {
  const stateBytes = rules.state_mb === undefined ? defaults.stateBytes : rules.state_mb * 1024 * 1024;
  const mostHeapMb = foundation?.kind === "python" ? PYTHON_HEAP_MB : Infinity;
  return {
    heapMb: Math.min(heapMb(rules, defaults.heapMb), mostHeapMb),
    memoryMb: rules.memory_mb ?? defaults.memoryMb,
    stateBytes,
    fileBytes: stateBytes + FILE_SLACK_BYTES,
    openFiles: openFiles(permissions),
  };
}

/** An agent that connects only to the broker needs few: more could exhaust the broker's own file descriptors. */
function openFiles({ net, read, write, run }: Permissions): number {
  const isGranted = [net, read, write, run].some((entries) => entries.length > 0);
  return isGranted ? MAX_OPEN_FILES_GRANTED : MAX_OPEN_FILES;
}

/** If the policy sets the memory, the heap is a share of it: the rest is for buffers and Deno itself. */
function heapMb({ heap_mb, memory_mb }: Rules, fallbackMb: number): number {
  return heap_mb ?? (memory_mb === undefined ? fallbackMb : Math.floor(memory_mb * HEAP_SHARE));
}

/** Paths that its language or its packages must read. Absolute. */
export function librariesOf(foundation: Foundation | undefined): readonly string[] {
  switch (foundation?.kind) {
    case undefined:
      return [];
    case "python":
      return [foundation.python.dir, ...foundation.python.wheels];
    case "packages":
      return [join(foundation.installed.env.DENO_DIR, "npm")];
    default:
      return foundation satisfies never;
  }
}

/** V8 flags, besides the one for the heap. */
export function v8FlagsOf(foundation: Foundation | undefined): readonly string[] {
  return foundation?.kind === "python" ? PYTHON_V8_FLAGS : [];
}

/** Deno's own environment, and the part of the runner's that the agent may see. */
export function environmentOf(
  foundation: Foundation | undefined,
  bareDenoDir: string,
  visible: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  return {
    ...pick(env, visible),
    ...(foundation?.kind === "python" ? GIVE_MEMORY_BACK : {}),
    ...(foundation?.kind === "packages" ? foundation.installed.env : { DENO_DIR: bareDenoDir }),
    ...NO_GPU,
    // Agents use the device's time zone. Deno reads it: agent code sees no environment variables.
    ...pick(env, ["TZ"]),
  };
}

/** The parts of the first frame that are the same for every agent of a node. */
export interface Whereabouts {
  readonly node: string;
  readonly broker: BrokerAddress;
  /** Whether what agents publish survives the runner. */
  readonly durable: boolean;
  readonly peers: () => readonly Peer[];
}

/** The parts of the first frame that differ between agents. */
export interface Outfit {
  readonly stateFile: string;
  readonly stateIsFixed: boolean;
  readonly limits: Limits;
  readonly rules: Rules;
  readonly granted: Granted;
  readonly access: BrokerEntry;
  readonly foundation: Foundation | undefined;
}

export function startFrame(
  agent: SupervisedAgent,
  { node, broker, durable, peers }: Whereabouts,
  { stateFile, stateIsFixed, limits, rules, granted, access, foundation }: Outfit,
): StartFrame {
  return {
    t: "start",
    name: agent.name,
    actor_id: agent.actorId,
    node,
    broker,
    broker_access: access,
    code: agent.config.code,
    ...(agent.config.language === undefined ? {} : { language: agent.config.language }),
    ...(foundation?.kind === "python" ? { python: foundation.python } : {}),
    poll_ms: agent.config.poll_interval * 1000,
    state_file: stateFile,
    state_max_bytes: limits.stateBytes,
    state_is_fixed: stateIsFixed,
    message_max_bytes: Math.floor(rules.message_kb * 1024),
    durable,
    peers: peers(),
    secrets: Object.fromEntries(granted.values),
    secrets_denied: granted.denied,
    topics: rules.topics,
    paused: agent.state.paused,
    held: agent.state.passage !== "open",
  };
}
