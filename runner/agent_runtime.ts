/** How agents run here: what an agent's process is started with, from its config to its first frame. */
import { join } from "@std/path";
import type { TopicRules } from "../protocol/agent_topics.ts";
import type { Peer, StartFrame } from "../protocol/frames.ts";
import { type Reading, readingOf } from "../protocol/language.ts";
import type { SpawnConfig } from "../protocol/spawn_config.ts";
import type { Clock } from "./clock.ts";
import { type Installed, installFlags } from "./install/flags.ts";
import type { Installer } from "./install/installer.ts";
import type { Python, PythonInstaller } from "./install/python/installer.ts";
import { parseSpecifiers } from "./install/specifiers.ts";
import type { BrokerUrl } from "../bus/broker_url.ts";
import { closeDenoDir } from "./process/deno_dir.ts";
import { type HarnessEntries, writeHarness } from "./process/harness_files.ts";
import { Launcher } from "./process/launcher.ts";
import { sandboxFlags } from "./process/permissions.ts";
import { redacting, redactor } from "./secrets/redaction.ts";
import type { Granted, Secrets } from "./secrets/secrets.ts";
import { findWrappers, type Wrappers } from "./process/wrapper.ts";
import type { Gatekeeper } from "./policy/gatekeeper.ts";
import type { Rules } from "./policy/policy.ts";
import type { StateFiles } from "./store/state_files.ts";
import type { ProcessListener, RunningProcess, Runtime } from "./supervisor/ports.ts";
import type { SupervisedAgent } from "./supervisor/supervised_agent.ts";

export interface AgentRuntimeParts {
  readonly node: string;
  readonly broker: BrokerUrl;
  /** Absolute. */
  readonly workDir: string;
  /** Deno's executable. */
  readonly deno: string;
  readonly clock: Clock;
  readonly heapMb: number;
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
  /** Its process has been started, with these flags. */
  readonly onLaunched: (agent: SupervisedAgent, pid: number, flags: readonly string[]) => void;
  /** It asks for secrets that it does not get. */
  readonly onSecretsDenied: (agent: SupervisedAgent, names: readonly string[]) => void;
  /** A damaged state file has been set aside. */
  readonly onStateDamaged: (agent: SupervisedAgent, message: string) => void;
}

/** Above the state's own limit, so that `persist` says no before the kernel does. */
const FILE_SLACK_BYTES = 64 * 1024 * 1024;

/** What is made ready once per runner. */
interface Prepared {
  readonly harness: HarnessEntries;
  readonly launcher: Launcher;
  readonly wrappers: Wrappers;
  /** The DENO_DIR of agents without dependencies: no package is ever fetched into it, so none can be loaded from it. */
  readonly bareDenoDir: string;
}

/** What one agent runs on beside Deno: npm and JSR packages, or Python. */
export type Foundation =
  | { readonly kind: "packages"; readonly installed: Installed }
  | { readonly kind: "python"; readonly python: Python };

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

  needsInstall(config: SpawnConfig): boolean {
    return config.install.length > 0 || mayBePython(config);
  }

  async install(config: SpawnConfig, signal: AbortSignal): Promise<Foundation> {
    // One that comes back from before was let in by another policy, perhaps.
    this.parts.gatekeeper.checkInstall(config);
    if (mayBePython(config)) {
      const { harness } = await this.prepared;
      return { kind: "python", python: await this.parts.python.install(config, harness, signal) };
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
    const { harness, launcher, wrappers, bareDenoDir } = await this.prepared;
    const installed = foundation?.kind === "packages" ? foundation.installed : undefined;
    const python = foundation?.kind === "python" ? foundation.python : undefined;
    const rules = gatekeeper.rulesFor(agent.name);
    const stateBytes = this.#stateBytes(rules);
    // What the paths lead to may have changed since its spawn.
    const permissions = await gatekeeper.grant(agent.config);
    const damage = await stateFiles.prepare(agent.name, stateBytes);
    if (damage !== undefined) this.parts.onStateDamaged(agent, damage);
    const stateFile = stateFiles.pathOf(agent.name);
    const flags = sandboxFlags({
      broker: rules.broker === "none" ? undefined : broker,
      stateFile,
      harness: python === undefined ? harness.typescript : harness.python,
      libraries: python === undefined ? [] : [python.dir, ...python.wheels],
      importFlags: installFlags(installed),
      permissions,
      heapMb: rules.heap_mb ?? this.parts.heapMb,
    });
    const denoEnv = {
      ...(python === undefined ? {} : GIVE_MEMORY_BACK),
      ...(installed?.env ?? { DENO_DIR: bareDenoDir }),
    };
    const granted = await this.parts.secrets.grant(agent.name, agent.config.secrets);
    if (granted.denied.length > 0) this.parts.onSecretsDenied(agent, granted.denied);
    const heard = granted.values.size === 0 ? listener : redacting(listener, redactor(granted.values));
    const process = launcher.launch(
      [...flags, String(Deno.pid)],
      { ...pick(env, permissions.env), ...denoEnv },
      heard,
      {
        // Where it may write other files, how large they get is not ours to say.
        wrapper: wrappers.with(permissions.write.length > 0 ? undefined : stateBytes + FILE_SLACK_BYTES),
        pace: {
          messagesPerSecond: rules.messages_per_second,
          bytesPerSecond: rules.output_kb_per_second * 1024,
        },
      },
    );
    this.parts.onLaunched(agent, process.pid, flags);
    process.send({
      ...this.#startFrame(agent, stateFile, stateBytes, rules.topics, granted),
      ...(python === undefined ? {} : { python }),
    });
    return process;
  }

  #stateBytes({ state_mb }: Rules): number {
    return state_mb === undefined ? this.parts.stateBytes : state_mb * 1024 * 1024;
  }

  #startFrame(
    agent: SupervisedAgent,
    stateFile: string,
    stateBytes: number,
    topics: TopicRules,
    granted: Granted,
  ): StartFrame {
    const { node, broker, durable, peers } = this.parts;
    return {
      t: "start",
      name: agent.name,
      actor_id: agent.actorId,
      node,
      broker,
      code: agent.config.code,
      poll_ms: agent.config.poll_interval * 1000,
      state_file: stateFile,
      state_max_bytes: stateBytes,
      durable,
      peers: peers(),
      secrets: Object.fromEntries(granted.values),
      secrets_denied: granted.denied,
      topics,
      paused: agent.state.paused,
      held: agent.state.gate !== "open",
    };
  }
}

async function prepare({ workDir, deno, clock }: AgentRuntimeParts): Promise<Prepared> {
  const bareDenoDir = join(workDir, "deno");
  const [harness, wrappers] = await Promise.all([
    writeHarness(workDir),
    findWrappers(),
    closeDenoDir(bareDenoDir),
  ]);
  return { harness, launcher: new Launcher({ deno, clock }), wrappers, bareDenoDir };
}

/** Only an interpreter of Python can tell of some. */
function mayBePython(config: SpawnConfig): boolean {
  const reading: Reading = readingOf(config);
  return reading !== "typescript";
}

function pick(
  env: Readonly<Record<string, string | undefined>>,
  names: readonly string[],
): Record<string, string> {
  const set = names.map((name) => [name, env[name]] as const);
  return Object.fromEntries(set.filter((pair): pair is readonly [string, string] => pair[1] !== undefined));
}
