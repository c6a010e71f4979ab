/** How agents run here: what an agent's process is started with, from its config to its first frame. */
import { join } from "@std/path";
import type { BrokerEntry, Peer, StartFrame } from "../protocol/frames.ts";
import type { Permissions } from "../protocol/permissions.ts";
import { readingOf } from "../protocol/language.ts";
import type { SpawnConfig } from "../protocol/spawn_config.ts";
import type { Clock } from "./clock.ts";
import { type Installed, installFlags } from "./install/flags.ts";
import type { Installer } from "./install/installer.ts";
import type { Python, PythonInstaller } from "./install/python/installer.ts";
import { parseSpecifiers } from "./install/specifiers.ts";
import type { BrokerUrl } from "../bus/broker_url.ts";
import type { Cgroups } from "./process/cgroups.ts";
import { limited } from "./limited_process.ts";
import { closeDenoDir } from "./process/deno_dir.ts";
import { type PythonHarness, writeHarness, writePythonHarness } from "./process/harness_files.ts";
import { Launcher } from "./process/launcher.ts";
import { AUDIT_ENV, isDenied, readStderrLine } from "./process/attempts.ts";
import { sandboxFlags } from "./process/permissions.ts";
import { redacting, redactor } from "./secrets/redaction.ts";
import type { Granted, Secrets } from "./secrets/secrets.ts";
import { findWrappers, type Wrappers } from "./process/wrapper.ts";
import { covers } from "./policy/covers.ts";
import { readLogin } from "./policy/credentials.ts";
import type { Gatekeeper } from "./policy/gatekeeper.ts";
import type { Rules } from "./policy/policy.ts";
import type { StateFiles } from "./store/state_files.ts";
import type { ProcessListener, RunningProcess, Runtime } from "./supervisor/ports.ts";
import type { SupervisedAgent } from "./supervisor/supervised_agent.ts";

export interface AgentRuntimeParts {
  readonly node: string;
  readonly broker: BrokerUrl;
  /** Certificates (PEM) that may sign the broker's, where they are not Deno's own. */
  readonly brokerCa?: string | undefined;
  /** Absolute. */
  readonly workDir: string;
  /** Deno's executable. */
  readonly deno: string;
  readonly clock: Clock;
  readonly heapMb: number;
  /** Resident memory of an agent, MiB, where the policy does not say otherwise. */
  readonly memoryMb: number;
  readonly cgroups: Cgroups;
  readonly stateBytes: number;
  /** Whether what agents publish survives this process. */
  readonly durable: boolean;
  readonly installer: Installer;
  readonly python: PythonInstaller;
  readonly stateFiles: StateFiles;
  readonly gatekeeper: Gatekeeper;
  /** The environment of this process, as far as agents may be given any of it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly peers: () => readonly Peer[];
  readonly secrets: Secrets;
  /** Its process has been started. */
  readonly onLaunched: (agent: SupervisedAgent, launch: Launch) => void;
  /** It asks for secrets that it does not get. */
  readonly onSecretsDenied: (agent: SupervisedAgent, names: readonly string[]) => void;
  /** It has tried what its sandbox does not grant. */
  readonly onDenied: (agent: SupervisedAgent, kind: string, what: string) => void;
  /** A damaged state file has been set aside. */
  readonly onStateDamaged: (agent: SupervisedAgent, message: string) => void;
}

/** Above the state's own limit, so that `persist` says no before the kernel does. */
const FILE_SLACK_BYTES = 64 * 1024 * 1024;

/** Files and connections that an agent may have open at the same time, Deno's own some twenty among them. */
const MAX_OPEN_FILES = 128;
/** The same for one that a policy gives hosts, files or programs. */
const MAX_OPEN_FILES_GRANTED = 4096;

/** As 192 of 256 MB, which are the defaults. */
const HEAP_SHARE = 0.75;

/** What is made ready once per runner. */
interface Prepared {
  /** The harness' main module. */
  readonly harness: string;
  readonly launcher: Launcher;
  readonly wrappers: Wrappers;
  /** The DENO_DIR of agents without dependencies: no package is ever fetched into it, so none can be loaded from it. */
  readonly bareDenoDir: string;
  /** Makes Deno say what agent code asks its sandbox for. */
  readonly auditEnv: Readonly<Record<string, string>>;
}

/** How a process was started. */
export interface Launch {
  readonly pid: number;
  /** Deno's: all that it may do. */
  readonly flags: readonly string[];
  /** Whose password it has been told, for connections of its own. */
  readonly brokerUser: string | undefined;
}

/** WebGPU asks no permission, and loads the drivers of the machine: no back end has this name, so there is no GPU. */
const NO_GPU = { DENO_WEBGPU_BACKEND: "none" } as const;

/** What one process of an agent is given. */
interface Outfit {
  readonly stateFile: string;
  readonly stateBytes: number;
  readonly rules: Rules;
  readonly granted: Granted;
  readonly access: BrokerEntry;
  readonly python: Python | undefined;
}

/**
 * JavaScript's heap of an agent in Python, MiB. What the agent itself holds is not in it: a larger one would only let
 * garbage grow, up to the limit of its memory.
 */
const PYTHON_HEAP_MB = 48;

/**
 * Stacks, in KiB: recursion in Python is recursion in WebAssembly, on V8's stack or on that of a coroutine. Of V8's usual
 * size, they end before Python has counted to its recursion limit, and take the interpreter with them. Linux gives a
 * process 8 MiB.
 *
 * Memory: hardly anything lives in JavaScript's new space; and what runs while the interpreter starts is not translated
 * a second time, only what goes on being used.
 */
const PYTHON_V8_FLAGS = [
  "--stack-size=2000",
  "--wasm-stack-switching-stack-size=2000",
  "--max-semi-space-size=1",
  "--wasm-tiering-budget=100000000",
];

/** What one agent runs on beside Deno: npm and JSR packages, or Python. */
export type Foundation =
  | { readonly kind: "packages"; readonly installed: Installed }
  | { readonly kind: "python"; readonly python: Python; readonly harness: PythonHarness };

/**
 * glibc's settings for a process that needs much memory while it starts, and little afterwards: what is given back goes
 * back to the machine. Agent code does not see them.
 */
const GIVE_MEMORY_BACK = {
  MALLOC_ARENA_MAX: "1",
  MALLOC_MMAP_THRESHOLD_: "65536",
  MALLOC_TRIM_THRESHOLD_: "65536",
} as const;

export class AgentRuntime implements Runtime<Foundation> {
  /** Rejects, with the reason for the operator, when no agent can run here. */
  readonly prepared: Promise<Prepared>;

  constructor(private readonly parts: AgentRuntimeParts) {
    this.prepared = prepare(parts);
    // Whoever needs it hears of a failure; nobody has to.
    this.prepared.catch(() => {});
  }

  /** The harness for agents in Python, written out when it is first asked for. */
  pythonHarness(): Promise<PythonHarness> {
    return writePythonHarness(this.parts.workDir);
  }

  needsInstall(config: SpawnConfig): boolean {
    return config.install.length > 0 || mayBePython(config);
  }

  async install(config: SpawnConfig, signal: AbortSignal): Promise<Foundation> {
    // One that comes back from before was let in by another policy, perhaps.
    this.parts.gatekeeper.checkInstall(config);
    if (mayBePython(config)) {
      const harness = await this.pythonHarness();
      const python = await this.parts.python.install(config, harness, signal);
      return { kind: "python", python, harness };
    }
    const installed = await this.parts.installer.install(parseSpecifiers(config.install), signal);
    await closeDenoDir(installed.env.DENO_DIR);
    return { kind: "packages", installed };
  }

  async launch(
    agent: SupervisedAgent,
    foundation: Foundation | undefined,
    listener: ProcessListener,
  ): Promise<RunningProcess> {
    const { broker, stateFiles, gatekeeper, env } = this.parts;
    const { harness, launcher, wrappers, bareDenoDir, auditEnv } = await this.prepared;
    const installed = foundation?.kind === "packages" ? foundation.installed : undefined;
    const python = foundation?.kind === "python" ? foundation.python : undefined;
    const rules = gatekeeper.rulesFor(agent.name);
    const stateBytes = this.#stateBytes(rules);
    // What the paths lead to may have changed since its spawn.
    const permissions = await gatekeeper.grant(agent.config);
    const damage = await stateFiles.prepare(agent.name, stateBytes);
    if (damage !== undefined) this.parts.onStateDamaged(agent, damage);
    const fileBytes = stateBytes + FILE_SLACK_BYTES;
    const stateFile = stateFiles.pathOf(agent.name);
    const flags = sandboxFlags({
      broker: rules.broker === "none" ? undefined : broker,
      stateFile,
      harness: foundation?.kind === "python" ? foundation.harness.entry : harness,
      libraries: python === undefined ? [] : [python.dir, ...python.wheels],
      importFlags: installFlags(installed),
      permissions,
      heapMb: Math.min(heapMb(rules, this.parts.heapMb), python === undefined ? Infinity : PYTHON_HEAP_MB),
      v8Flags: python === undefined ? [] : PYTHON_V8_FLAGS,
    });
    const denoEnv = {
      ...(python === undefined ? {} : GIVE_MEMORY_BACK),
      ...(installed?.env ?? { DENO_DIR: bareDenoDir }),
    };
    const granted = await this.parts.secrets.grant(agent.name, agent.config.secrets);
    if (granted.denied.length > 0) this.parts.onSecretsDenied(agent, granted.denied);
    const access = await this.#brokerAccess(rules);
    const hidden = new Map(granted.values);
    if (access.password !== undefined) hidden.set("broker password", access.password);
    const redact = hidden.size === 0 ? undefined : redactor(hidden);
    const heard = redact === undefined ? listener : redacting(listener, redact);
    const withoutRecords = (line: string) => {
      const { said, attempt } = readStderrLine(line);
      if (attempt !== undefined && isDenied(attempt, flags, covers)) {
        this.parts.onDenied(agent, attempt.kind, redact?.(attempt.what) ?? attempt.what);
      }
      return said;
    };
    const process = launcher.launch(
      [...flags, String(Deno.pid)],
      { ...pick(env, permissions.env), ...denoEnv, ...auditEnv, ...NO_GPU },
      { ...heard, withoutRecords },
      {
        wrapper: wrappers.with({
          // Where it may write other files, how large they get is not ours to say.
          fileBytes: permissions.write.length > 0 ? undefined : fileBytes,
          openFiles: openFiles(permissions),
        }),
        pace: {
          messagesPerSecond: rules.messages_per_second,
          bytesPerSecond: rules.output_kb_per_second * 1024,
        },
      },
    );
    const memoryMb = rules.memory_mb ?? this.parts.memoryMb;
    const group = this.parts.cgroups.enter(agent.name, process.pid, {
      cpuPercent: rules.cpu_percent,
      memoryMb,
    });
    this.parts.onLaunched(agent, { pid: process.pid, flags, brokerUser: access.username });
    process.send(this.#startFrame(agent, { stateFile, stateBytes, rules, granted, access, python }));
    return limited(process, group, { memoryMb, fileBytes, openFiles: openFiles(permissions) });
  }

  #stateBytes({ state_mb }: Rules): number {
    return state_mb === undefined ? this.parts.stateBytes : state_mb * 1024 * 1024;
  }

  /** @throws Error for the operator when the password cannot be read */
  async #brokerAccess({ broker, agent_credentials: credentials }: Rules): Promise<BrokerEntry> {
    const { brokerCa: ca } = this.parts;
    if (broker === "none") return {};
    return {
      ...(credentials === false ? {} : await readLogin(credentials)),
      ...(ca === undefined ? {} : { ca }),
    };
  }

  #startFrame(
    agent: SupervisedAgent,
    { stateFile, stateBytes, rules, granted, access, python }: Outfit,
  ): StartFrame {
    const { node, broker, durable, peers } = this.parts;
    return {
      t: "start",
      name: agent.name,
      actor_id: agent.actorId,
      node,
      broker,
      broker_access: access,
      code: agent.config.code,
      ...(python === undefined ? {} : { python }),
      poll_ms: agent.config.poll_interval * 1000,
      state_file: stateFile,
      state_max_bytes: stateBytes,
      message_max_bytes: Math.floor(rules.message_kb * 1024),
      durable,
      peers: peers(),
      secrets: Object.fromEntries(granted.values),
      secrets_denied: granted.denied,
      topics: rules.topics,
      paused: agent.state.paused,
      held: agent.state.gate !== "open",
    };
  }
}

/** What connects to the broker alone needs few: as many as there are would be the broker's last ones. */
function openFiles({ net, read, write, run }: Permissions): number {
  const isGranted = [net, read, write, run].some((entries) => entries.length > 0);
  return isGranted ? MAX_OPEN_FILES_GRANTED : MAX_OPEN_FILES;
}

/** Where the policy gives it other memory, its heap follows: the rest is for buffers and Deno itself. */
function heapMb({ heap_mb, memory_mb }: Rules, fallbackMb: number): number {
  return heap_mb ?? (memory_mb === undefined ? fallbackMb : Math.floor(memory_mb * HEAP_SHARE));
}

async function prepare({ workDir, deno, clock }: AgentRuntimeParts): Promise<Prepared> {
  const bareDenoDir = join(workDir, "deno");
  const [harness, wrappers, auditEnv] = await Promise.all([
    writeHarness(workDir),
    findWrappers(),
    findAuditEnv(),
    closeDenoDir(bareDenoDir),
  ]);
  return { harness, launcher: new Launcher({ deno, clock }), wrappers, bareDenoDir, auditEnv };
}

/** Deno does not start where it cannot write its records. */
async function findAuditEnv(): Promise<Prepared["auditEnv"]> {
  try {
    await Deno.stat(AUDIT_ENV.DENO_AUDIT_PERMISSIONS);
    return AUDIT_ENV;
  } catch {
    // A container without /dev/stderr.
    return {};
  }
}

/** Only an interpreter of Python can tell of some. */
function mayBePython(config: SpawnConfig): boolean {
  return readingOf(config) !== "typescript";
}

function pick(
  env: Readonly<Record<string, string | undefined>>,
  names: readonly string[],
): Record<string, string> {
  const set = names.map((name) => [name, env[name]] as const);
  return Object.fromEntries(set.filter((pair): pair is readonly [string, string] => pair[1] !== undefined));
}
