/** Builds a node from its configuration: every part is made here and passed to whom it concerns. */
import { readNpmrc } from "../protocol/packages/npmrc.ts";
import { join } from "@std/path";
import { AgentRuntime } from "./agent_runtime.ts";
import type { Clock } from "./clock.ts";
import { AuditLog } from "./audit/audit_log.ts";
import { Denials } from "./audit/denials.ts";
import type { RunnerConfig } from "./config.ts";
import { sayCpuLimits, sayLeftovers, sayWalls, type Tidier, tidyInstalls } from "./housekeeping.ts";
import { fetchEnv } from "../protocol/packages/env.ts";
import { OpenDevices } from "./devices/open_devices.ts";
import { Places } from "./devices/places.ts";
import { startDeviceHost } from "./device_host.ts";
import { Sensors } from "./devices/sensors.ts";
import { Installer } from "./install/installer.ts";
import { InstallGuard } from "./install/install_guard.ts";
import { PythonInstaller } from "./install/python/installer.ts";
import { parseSpecifiers } from "../protocol/packages/specifiers.ts";
import { fingerprintOf } from "../protocol/signing/statements.ts";
import type { BrokerAccess } from "../protocol/broker/access.ts";
import type { BrokerUrl } from "../protocol/broker/broker_url.ts";
import { memoryKeeper } from "./link/keeper.ts";
import type { LinkListener } from "./link/link.ts";
import { MqttLink } from "./link/mqtt_link.ts";
import type { Logger } from "./logger.ts";
import { diskKeeper, openGate, openSecrets, usable } from "./open_parts.ts";
import { createIdentity } from "./node/reports/identity.ts";
import { Node } from "./node/node.ts";
import { lastWill } from "./node/reports/status_message.ts";
import { checkCredentials } from "./policy/credentials.ts";
import { PolicyEnforcer } from "./policy/policy_enforcer.ts";
import { type Policy, reserve } from "./policy/policy.ts";
import { type Supplies, totalsOf } from "./policy/totals.ts";
import { systemNet } from "./process/system_net.ts";
import { machineMemoryMb } from "./process/machine_memory.ts";
import { openCgroups } from "./process/cgroups.ts";
import { Leftovers } from "./process/leftovers.ts";
import { garbageCollector, MemoryTrim, residentMb } from "./memory_trim.ts";
import { freeMb } from "./files/disk_space.ts";
import { ownFolder } from "./files/own_folder.ts";
import { openHome } from "./store/home.ts";
import { Registry } from "./store/registry.ts";
import { StateFiles } from "./store/state_files.ts";
import { NodeKey } from "./trust/node_key.ts";
import { Installation } from "./upgrade/installation.ts";
import { rehearse } from "./upgrade/rehearsal.ts";
import { Upgrades } from "./upgrade/upgrades.ts";
import { VERSION } from "../protocol/version.ts";

/** What a node needs besides its configuration. */
export interface Surroundings {
  readonly broker: BrokerUrl;
  readonly access: BrokerAccess;
  readonly policy: Policy;
  /** Deno's executable for agents. */
  readonly deno: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** The environment of this process, for fetching packages. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A node that runs. */
export interface RunningNode {
  readonly node: Node;
  /** Rejects, with the reason for the operator, when no agent can run here. */
  readonly ready: Promise<unknown>;
}

/**
 * Starts a node: first the agents that ran before, then the link to the broker.
 * @throws AlreadyRunningError when another process is this node
 */
export async function runNode(config: RunnerConfig, surroundings: Surroundings): Promise<RunningNode> {
  const { broker, access, policy, deno, clock, log, env } = surroundings;
  const { name, heapMb, memoryMb, stateBytes, hangTimeoutMs, migrateTimeoutMs } = config;
  const workDir = await ownFolder(config.workDir, "--work-dir");
  const home = await openHome(config.stateDir, name);
  for (const message of home.news) log.warning(message);
  const installation = installationAt(env.AGENTFLOW_HOME);
  const release = await installation?.current();
  const registry = await Registry.open(home.dir, name);
  const key = new NodeKey(registry.nodeSecret);
  const identity = createIdentity({
    name,
    key,
    broker,
    version: VERSION,
    labels: config.labels,
    window: config.window,
    release,
    startedMs: clock.monotonicMs(),
  });
  if (registry.problem !== undefined) log.error(registry.problem);
  log.info(`The key of node '${name}' is ${fingerprintOf(key.public)}`);
  const leftovers = new Leftovers(registry.processesPath);
  sayLeftovers(leftovers.endAll(), log);
  const problems: string[] = [];
  let onProblem: (message: string) => void = (message) => problems.push(message);
  const gate = await openGate(config, registry, clock, (message) => onProblem(message));
  const secrets = await openSecrets(config, (message) => onProblem(message));
  const audit = new AuditLog({
    path: registry.auditPath,
    node: name,
    now: () => clock.epochSeconds(),
    onProblem: (message) => onProblem(message),
  });
  const limits = { messages: config.outboxMessages, bytes: config.outboxBytes };
  // Kept across restarts, so that the broker delivers what arrived in the meantime; never equal to another node's.
  const clientId = `agentflow-${name}-${registry.installation}`;
  const vet = (connection: { readonly port: number; readonly localPort: number }) =>
    node.impostorAt(connection);
  const link = new MqttLink({
    broker,
    vet,
    access,
    clientId,
    persistent: true,
    will: () => lastWill(identity, clock, (uptime) => node.presenceProof(uptime)),
    limits,
    keeper: config.outbox === "disk" ? await diskKeeper(registry, clock, log) : memoryKeeper,
    clock,
    log,
  });
  const openAgentLink = (listener: LinkListener, line: number) => {
    const agentLink = new MqttLink({
      broker,
      vet,
      access,
      clientId: `${clientId}-agents${line === 0 ? "" : `-${line + 1}`}`,
      persistent: false,
      limits,
      keeper: memoryKeeper,
      clock,
      log,
    });
    void agentLink.run(listener);
    return agentLink;
  };
  await usable("--policy", checkCredentials(policy));
  const rules = config.homeAssistant === undefined ? policy : reserve(policy, [`${config.homeAssistant}/#`]);
  const enforcer = new PolicyEnforcer(rules, undefined, (refusal) => node.onPolicyRefusal(refusal));
  const denials = new Denials(audit, clock);
  const stateFiles = new StateFiles(home.dir, stateBytes, home.shared);
  const totals = totalsOf(policy, suppliesOf(home.dir, stateFiles));
  const cgroups = await openCgroups(Deno.pid, totals);
  const guard = new InstallGuard({ clock, wrappers: async () => (await runtime.prepared).wrappers });
  const python = new PythonInstaller({
    guard,
    ...config.python,
    deno,
    dir: join(workDir, "python"),
    env: fetchEnv(env, readNpmrc(env)),
    onFetch: (agent, what) => node.onInstalling(agent, what),
  });
  const installer = new Installer({
    deno,
    dir: join(workDir, "installs"),
    env: fetchEnv(env, readNpmrc(env)),
    guard,
  });
  const runtime: AgentRuntime = new AgentRuntime({
    leftovers,
    net: systemNet,
    node: name,
    broker,
    brokerCa: access.ca,
    workDir,
    deno,
    walls: config.walls,
    clock,
    heapMb,
    memoryMb,
    cgroups,
    stateBytes,
    durable: config.outbox === "disk",
    installer,
    python,
    stateFiles,
    enforcer,
    env,
    peers: () => node.events.peers(),
    secrets,
    onLaunched: ({ name: agent, config: { secrets } }, { pid, flags: permissions, brokerUser }) =>
      audit.record({
        event: "launched",
        agent,
        pid,
        permissions,
        secrets,
        ...(brokerUser === undefined ? {} : { broker_user: brokerUser }),
      }),
    onSecretsDenied: (agent, names) =>
      void node.events.onError(agent, {
        phase: "setup",
        severity: "warning",
        error: `Secrets not granted to '${agent.name}' on ${name}: ${names.join(", ")}`,
      }),
    onDenied: (agent, kind, what) => denials.add(agent.name, kind, what),
    onStateDamaged: (agent, error) =>
      void node.events.onError(agent, { phase: "setup", severity: "warning", error }),
  });
  const upgrades = installation && new Upgrades({
    installation,
    clock,
    rehearse: (bundle) => rehearse(bundle, { deno, stateDir: config.stateDir, workDir }),
    say: (message, news) => node.onUpgrade(message, news),
  });
  // A stopped agent must not outlive this process.
  const mayStop = async () => (await runtime.prepared).wrappers.endWithRunner;
  const openDevices = new OpenDevices({
    clock,
    startHost: async (place) => {
      const { wrappers, bareDenoDir } = await runtime.prepared;
      return await startDeviceHost(place, { deno, workDir, denoDir: bareDenoDir, wrappers });
    },
    onProblem: (message) => node.onProblem(message),
  });
  const node: Node = new Node({
    identity,
    clock,
    log,
    link,
    openAgentLink,
    runtime,
    stateFiles,
    registry,
    enforcer,
    homeAssistant: config.homeAssistant,
    sensors: new Sensors(config.sys, clock),
    openDevices,
    places: new Places(config.sys),
    memoryMb,
    totals,
    hangTimeoutMs,
    migrateTimeoutMs,
    gate,
    audit,
    upgrades,
    denials,
    mayStop,
  });
  onProblem = (message) => node.onProblem(message);
  problems.forEach(onProblem);
  await node.start();
  await upgrades?.sayLastFailure();
  void link.run(node);
  const ended = new AbortController();
  void node.closed.then(() => ended.abort());
  void tidyInstalls(tidiers(node, installer, python, runtime), clock, log, ended.signal);
  void new MemoryTrim({ clock, measureMb: residentMb, collect: garbageCollector() }).run(ended.signal);
  // If no agent can run, that is reported instead.
  void mayStop().then((may) => sayCpuLimits(cgroups, may, policy, log), () => {});
  void runtime.prepared.then(({ wrappers }) => sayWalls(wrappers.walls, log), () => {});
  if (config.python.prefetch) void prefetch(python, runtime, log);
  return { node, ready: runtime.prepared };
}

function suppliesOf(stateDir: string, stateFiles: StateFiles): Supplies {
  const usedMb = [...stateFiles.sizesMb().values()].reduce((sum, mb) => sum + mb, 0);
  return {
    memoryMb: machineMemoryMb(),
    cores: navigator.hardwareConcurrency,
    diskMb: freeMb(stateDir) + usedMb,
  };
}

function tidiers(node: Node, installer: Installer, python: PythonInstaller, runtime: AgentRuntime): Tidier[] {
  const typescriptSets = () =>
    node.installs("typescript").filter((set) => set.length > 0).map(parseSpecifiers);
  const harness = () => runtime.pythonHarness();
  return [
    { tidy: (now) => installer.tidy(typescriptSets(), now) },
    { tidy: (now) => python.tidy(node.installs("python"), harness, now) },
  ];
}

/** If it cannot be fetched now, the node keeps running: the first agent that needs it tries again. */
async function prefetch(python: PythonInstaller, runtime: AgentRuntime, log: Logger): Promise<void> {
  try {
    await python.prefetch(await runtime.pythonHarness(), new AbortController().signal);
    log.info("Python is ready");
  } catch (error) {
    log.warning((error as Error).message);
  }
}

/** Releases, and a way back to the previous one, exist only if the launcher started this runner. */
function installationAt(home: string | undefined): Installation | undefined {
  return home === undefined || home === "" ? undefined : new Installation(home);
}
