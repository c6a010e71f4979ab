/** How agents run here: everything an agent's process is started with, from its config to its first frame. */
import { dirname, join, relative } from "@std/path";
import type { BrokerEntry } from "../protocol/frames.ts";
import type { SpawnConfig } from "../protocol/spawn_config.ts";
import {
  type Defaults,
  environmentOf,
  type Foundation,
  librariesOf,
  limitsOf,
  startFrame,
  v8FlagsOf,
  type Whereabouts,
} from "./agent_outfit.ts";
import type { Clock } from "./clock.ts";
import { installFlags } from "./install/flags.ts";
import type { Installer } from "./install/installer.ts";
import type { PythonInstaller } from "./install/python/installer.ts";
import { parseSpecifiers } from "../protocol/packages/specifiers.ts";
import type { BrokerUrl } from "../protocol/broker/broker_url.ts";
import { brokerForAgents, type Net } from "./process/broker_address.ts";
import type { Cgroups } from "./process/cgroups.ts";
import { limited } from "./process/limited_process.ts";
import { closeDenoDir, makeCaches } from "./process/deno_dir.ts";
import { type PythonHarness, writePythonHarness } from "./process/harness_files.ts";
import type { Leftovers } from "./process/leftovers.ts";
import type { ProcessHandlers } from "./process/launcher.ts";
import { isDenied, readStderrLine } from "./process/access_requests.ts";
import { sandboxFlags, type SandboxSpec } from "./process/permissions.ts";
import { redacting, redactor } from "./secrets/redaction.ts";
import type { Granted, Secrets } from "./secrets/secrets.ts";
import { kindAt } from "./process/walls/machine.ts";
import { agentWalls, type Tenant } from "./process/walls/plan.ts";
import { prepare, type Prepared } from "./preparation.ts";
import { covers } from "./policy/covers.ts";
import { readLogin } from "./policy/credentials.ts";
import type { PolicyEnforcer } from "./policy/policy_enforcer.ts";
import type { Rules } from "./policy/policy.ts";
import type { StateFiles } from "./store/state_files.ts";
import type { ProcessListener, RunningProcess, Runtime } from "./supervisor/ports.ts";
import type { SupervisedAgent } from "./supervisor/supervised_agent.ts";

export interface AgentRuntimeParts extends Whereabouts, Defaults {
  readonly broker: BrokerUrl;
  /** CA certificates (PEM) for the broker's certificate, if Deno's own do not apply. */
  readonly brokerCa?: string | undefined;
  /** Absolute. */
  readonly workDir: string;
  /** Deno's executable. */
  readonly deno: string;
  /** Where its processes are recorded. */
  readonly leftovers?: Pick<Leftovers, "add" | "remove">;
  /** Whether the kernel restricts agents in addition to Deno. */
  readonly walls: boolean;
  readonly net: Net;
  readonly clock: Clock;
  readonly cgroups: Cgroups;
  readonly installer: Installer;
  readonly python: PythonInstaller;
  readonly stateFiles: StateFiles;
  readonly enforcer: PolicyEnforcer;
  /** The environment of this process; agents get little of it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly secrets: Secrets;
  /** Its process was started. */
  readonly onLaunched: (agent: SupervisedAgent, launch: Launch) => void;
  /** It asks for secrets that it is not granted. */
  readonly onSecretsDenied: (agent: SupervisedAgent, names: readonly string[]) => void;
  /** It tried something that its sandbox does not allow. */
  readonly onDenied: (agent: SupervisedAgent, kind: string, what: string) => void;
  /** A damaged state file was set aside. */
  readonly onStateDamaged: (agent: SupervisedAgent, message: string) => void;
}

/** How a process was started. */
export interface Launch {
  readonly pid: number;
  /** Deno's arguments, which define the sandbox. */
  readonly flags: readonly string[];
  /** The broker user whose password the agent got, for connections of its own. */
  readonly brokerUser: string | undefined;
}

export class AgentRuntime implements Runtime<SupervisedAgent, Foundation> {
  /** Rejects, with the reason for the operator, when no agent can run here. */
  readonly prepared: Promise<Prepared>;

  constructor(private readonly parts: AgentRuntimeParts) {
    this.prepared = prepare(parts);
    // Callers that await it handle the failure.
    this.prepared.catch(() => {});
  }

  /** The harness for agents in Python, written to disk on first use. */
  pythonHarness(): Promise<PythonHarness> {
    return writePythonHarness(this.parts.workDir);
  }

  needsInstall(config: SpawnConfig): boolean {
    return config.install.length > 0 || mayBePython(config);
  }

  async install(config: SpawnConfig, signal: AbortSignal): Promise<Foundation> {
    // A restored agent may have been admitted under another policy.
    this.parts.enforcer.checkInstall(config);
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
    const { broker, stateFiles, enforcer, env } = this.parts;
    const { harness, launcher, wrappers, bareDenoDir, auditEnv } = await this.prepared;
    const rules = enforcer.rulesFor(agent.name);
    // The targets of the paths may have changed since its spawn.
    enforcer.checkDevices(agent.config);
    const permissions = await enforcer.grant(agent.config);
    const limits = limitsOf(rules, permissions, foundation, this.parts);
    const [damage, reachable, granted, access] = await Promise.all([
      stateFiles.prepare(agent.name, limits.stateBytes),
      brokerForAgents(broker, this.parts.net),
      this.parts.secrets.grant(agent.name, agent.config.secrets),
      this.#brokerAccess(rules),
    ]);
    if (damage !== undefined) this.parts.onStateDamaged(agent, damage);
    if (granted.denied.length > 0) this.parts.onSecretsDenied(agent, granted.denied);
    const stateFile = stateFiles.pathOf(agent.name);
    const python = foundation?.kind === "python" ? foundation : undefined;
    const sandbox: SandboxSpec = {
      broker: rules.broker === "none" ? undefined : reachable,
      stateFile,
      harness: python?.harness.entry ?? harness,
      libraries: librariesOf(foundation),
      importFlags: installFlags(foundation?.kind === "packages" ? foundation.installed : undefined),
      permissions,
      heapMb: limits.heapMb,
      v8Flags: v8FlagsOf(foundation),
    };
    const flags = sandboxFlags(sandbox);
    const environment = environmentOf(foundation, bareDenoDir, permissions.env, env);
    const tenant = await tenantOf(sandbox, foundation, environment, this.parts.workDir);
    const wallsWith = (stateIsFixed: boolean) =>
      wrappers.plan((machine) => agentWalls({ ...tenant, stateIsFixed }, machine));
    // The kernel's file rules need existing files: create the state files first.
    const isHeld = wallsWith(true).files !== "open";
    const stateIsFixed = isHeld && stateFiles.fix(agent.name);
    if (isHeld) await makeCaches(tenant.denoDir);
    const process = launcher.launch(
      [...flags, String(Deno.pid)],
      { ...environment, ...auditEnv },
      this.#heard(agent, listener, flags, secretsOf(granted, access)),
      {
        wrapper: wrappers.with({
          // If it may write other files, their size is not limited.
          fileBytes: permissions.write.length > 0 ? undefined : limits.fileBytes,
          openFiles: limits.openFiles,
        }, wallsWith(stateIsFixed)),
        pace: {
          messagesPerSecond: rules.messages_per_second,
          bytesPerSecond: rules.output_kb_per_second * 1024,
        },
      },
    );
    const { leftovers } = this.parts;
    leftovers?.add(process.pid);
    const { memoryMb } = limits;
    const group = this.parts.cgroups.enter(agent.name, process.pid, {
      cpuPercent: rules.cpu_percent,
      memoryMb,
    });
    this.parts.onLaunched(agent, { pid: process.pid, flags, brokerUser: access.username });
    process.send(
      startFrame(agent, { ...this.parts, broker: reachable }, {
        stateFile,
        stateIsFixed,
        limits,
        rules,
        granted,
        access,
        foundation,
      }),
    );
    const running = limited(process, group, limits);
    // Also removes whatever the agent put in place of its state file. A failure is reported at its next start.
    void running.exited.then(() => leftovers?.remove(process.pid));
    const exited = running.exited.then((exit) => stateFiles.clear(agent.name).then(() => exit, () => exit));
    return { ...running, isStateFixed: stateIsFixed, exited };
  }

  /** Redacts secrets in the output, and turns Deno's access records into reports of denied access. */
  #heard(
    agent: SupervisedAgent,
    listener: ProcessListener,
    flags: readonly string[],
    hidden: ReadonlyMap<string, string>,
  ): ProcessHandlers {
    const redact = hidden.size === 0 ? undefined : redactor(hidden);
    return {
      ...(redact === undefined ? listener : redacting(listener, redact)),
      withoutRecords: (line: string) => {
        const { said, request } = readStderrLine(line);
        if (request !== undefined && isDenied(request, flags, covers)) {
          this.parts.onDenied(agent, request.kind, redact?.(request.what) ?? request.what);
        }
        return said;
      },
    };
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
}

/** What the kernel's walls need to know about an agent. */
async function tenantOf(
  sandbox: SandboxSpec,
  foundation: Foundation | undefined,
  { HOME, DENO_DIR }: Readonly<Record<string, string>>,
  workDir: string,
): Promise<Omit<Tenant, "stateIsFixed">> {
  const { read, write } = sandbox.permissions;
  const paths = [...new Set([...read, ...write])];
  const kinds = await Promise.all(paths.map(async (path) => [path, await kindAt(path)] as const));
  return {
    sandbox,
    programs: [
      // The whole harness: its folder directly below the work folder.
      join(workDir, relative(workDir, sandbox.harness).split("/")[0] ?? ""),
      ...(foundation?.kind === "packages" ? [dirname(foundation.installed.importMap)] : []),
    ],
    // Deno reads it to find a package's registry.
    settings: HOME === undefined ? [] : [join(HOME, ".npmrc")],
    denoDir: DENO_DIR ?? "",
    kinds: new Map(kinds),
  };
}

/** For some code, only a Python parser can tell. */
function mayBePython(config: SpawnConfig): boolean {
  return config.reading !== "typescript";
}

/** The secrets to redact from an agent's output. */
function secretsOf({ values }: Granted, { password }: BrokerEntry): ReadonlyMap<string, string> {
  return password === undefined ? values : new Map([...values, ["broker password", password]]);
}
