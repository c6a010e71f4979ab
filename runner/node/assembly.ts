/** Builds the parts of a node, each from those it needs. Starts nothing. */
import { mayHear } from "../../protocol/agent_topics.ts";
import { nodeFilters } from "../../protocol/commands.ts";
import type { Audit } from "../audit/audit_log.ts";
import type { Denials } from "../audit/denials.ts";
import { AUDIT_RATE, RefusalMeter, SAY_RATE } from "../audit/refusal_meter.ts";
import type { Clock } from "../clock.ts";
import { Coalesced } from "../coalesced.ts";
import type { Link, LinkListener } from "../link/link.ts";
import type { Logger } from "../logger.ts";
import { chipProblem } from "../devices/gpio_chips.ts";
import type { Gpio } from "../devices/gpio.ts";
import type { GpioChip } from "../../protocol/devices/gpio.ts";
import type { Sensors } from "../devices/sensors.ts";
import type { PolicyEnforcer } from "../policy/policy_enforcer.ts";
import type { Totals } from "../policy/totals.ts";
import { ProcStats } from "../process/proc_stats.ts";
import type { Registry } from "../store/registry.ts";
import { Generations } from "../store/generations.ts";
import type { StateFiles } from "../store/state_files.ts";
import type { Runtime } from "../supervisor/ports.ts";
import type { SupervisedAgent } from "../supervisor/supervised_agent.ts";
import { Supervisor } from "../supervisor/supervisor.ts";
import type { CommandGate } from "../trust/command_gate.ts";
import { Turns } from "../turns.ts";
import type { Upgrades } from "../upgrade/upgrades.ts";
import { Admissions } from "./intake/admissions.ts";
import { AgentEvents } from "./agents/agent_events.ts";
import { Arrivals } from "./migration/arrivals.ts";
import type { CommandContext } from "./commands/command.ts";
import { callRoll } from "./commands/list.ts";
import { Controller } from "./intake/controller.ts";
import { residentMemory, swappedMb, writtenMb } from "../process/proc_glance.ts";
import { TemporaryFiles } from "../process/temporary_files.ts";
import { readSockets, socketInodes } from "../process/sockets.ts";
import { deletedFilesMb } from "../process/deleted_files.ts";
import { DiskGuard } from "./agents/disk_guard.ts";
import { SocketGuard } from "./agents/socket_guard.ts";
import { StateGuard } from "./agents/state_guard.ts";
import { CpuGuard } from "./agents/cpu_guard.ts";
import { DeviceDesk } from "./agents/devices.ts";
import { Departures } from "./migration/departures.ts";
import { Echo } from "./reports/echo.ts";
import type { NodeIdentity } from "./reports/identity.ts";
import { Loopback } from "./agents/loopback.ts";
import { FleetReports } from "./agents/fleet_reports.ts";
import { Manifests } from "./agents/manifests.ts";
import { Inventory } from "./reports/inventory.ts";
import { MemoryGuard } from "./agents/memory_guard.ts";
import { neighbours } from "./agents/neighbours.ts";
import { OwnTopics } from "./agents/own_topics.ts";
import { Peers } from "./migration/peers.ts";
import { Presence } from "./reports/presence.ts";
import { RecentLines } from "./reports/recent_lines.ts";
import { Reporter } from "./reports/reporter.ts";
import { Placements } from "./agents/placements.ts";
import { Requests } from "./agents/requests.ts";
import { Roster } from "./agents/roster.ts";
import { Subscriptions } from "./agents/subscriptions.ts";
import { Tasks } from "./agents/tasks.ts";
import { Traffic } from "./agents/traffic.ts";
import { Updates } from "./agents/updates.ts";
import { Vitals } from "./reports/vitals.ts";
import { Wiretap } from "./migration/wiretap.ts";

/** What a node is built from. */
export interface NodeParts {
  readonly identity: NodeIdentity;
  readonly clock: Clock;
  readonly log: Logger;
  readonly link: Link;
  readonly runtime: Runtime<SupervisedAgent>;
  readonly stateFiles: StateFiles;
  readonly registry: Registry;
  readonly enforcer: PolicyEnforcer;
  readonly sensors: Sensors;
  readonly gpio: Gpio;
  readonly chips: () => Promise<readonly GpioChip[]>;
  /** Resident memory of an agent, MiB, unless the policy says otherwise. */
  readonly memoryMb: number;
  /** What all agents may use together. */
  readonly totals: Totals;
  /** Opens a link for the agents' own subscriptions, when the first of them is made. @param line its number, from 0 */
  readonly openAgentLink: (listener: LinkListener, line: number) => Link;
  readonly hangTimeoutMs: number;
  readonly migrateTimeoutMs: number;
  /** Checks commands; without it, every command is obeyed. */
  readonly gate?: CommandGate | undefined;
  readonly audit: Audit;
  /** Replaces the node's own runner; without it, the node cannot be upgraded. */
  readonly upgrades?: Upgrades | undefined;
  /** Whether an agent may be briefly stopped, where no cgroup limits its CPU share. */
  readonly mayStop: () => Promise<boolean>;
  /** Access that agents were denied. */
  readonly denials: Denials;
}

/** How a node ends, for the parts that can end it. */
export interface NodeLife extends Pick<CommandContext, "isClosing" | "close" | "restart"> {
  /** Another process had the name first. @param message for the operator */
  readonly yieldName: (message: string, kept?: Uint8Array) => void;
}

/** The parts of one node. */
export interface Assembly {
  readonly supervisor: Supervisor;
  readonly reporter: Reporter;
  readonly echo: Echo;
  /** Guards that end agents which exceed a limit. */
  readonly guards: readonly { run(signal: AbortSignal): Promise<void> }[];
  readonly cpuGuard: CpuGuard;
  readonly vitals: Vitals;
  readonly inventory: Inventory;
  readonly manifests: Manifests;
  readonly tasks: Tasks;
  readonly requests: Requests;
  readonly subscriptions: Subscriptions;
  readonly ownTopics: OwnTopics;
  readonly roster: Roster;
  readonly updates: Updates;
  readonly generations: Generations;
  readonly fleetReports: FleetReports;
  readonly arrivals: Arrivals;
  readonly departures: Departures;
  readonly wiretap: Wiretap;
  readonly presence: Presence;
  readonly placements: Placements;
  readonly traffic: Traffic;
  readonly admissions: Admissions;
  readonly controller: Controller;
  readonly events: AgentEvents;
}

/** The longest single stop of an agent, to limit its CPU share. */
const MAX_STOP_MS = 5000;

export function assemble(parts: NodeParts, life: NodeLife): Assembly {
  const { identity, clock, log, runtime, stateFiles, registry, enforcer, totals, hangTimeoutMs } = parts;
  const node = identity.name;
  const supervisor = new Supervisor({ runtime, clock, hangTimeoutMs });
  const recent = new RecentLines((agent) => supervisor.find(agent) !== undefined);
  // These are called only once everything is built.
  const link = new Loopback(parts.link, (message) => subscriptions.handOver(message));
  const proof = (uptime: number) => presence.proof(uptime);
  const placementOf = (agent: SupervisedAgent) => placements.report(agent);
  const reporter = new Reporter(link, identity, clock, recent, proof, placementOf);
  const agents = () => supervisor.agents();
  const echo = new Echo({ node, link, clock, log });
  const onReported = () => echo.sent();
  const stats = new ProcStats();
  const temporaryFiles = new TemporaryFiles({ look: deletedFilesMb, written: writtenMb });
  const guards = [
    new MemoryGuard({
      clock,
      agents,
      measure: (pid) => stats.held(pid),
      glance: residentMemory(),
      swappedMb,
      totalMb: totals.memoryMb,
      limitOf: ({ name }) => enforcer.rulesFor(name).memory_mb ?? parts.memoryMb,
    }),
    new DiskGuard({
      clock,
      agents,
      measure: (pid) => temporaryFiles.usedMb(pid),
      states: () => stateFiles.sizesMb(),
      totalMb: totals.diskMb,
    }),
    new SocketGuard({
      clock,
      agents,
      brokerPort: identity.broker.port,
      isBrokerThere: () => link.connected,
      sockets: readSockets,
      inodesOf: socketInodes,
    }),
    new StateGuard({ clock, agents, litterers: () => stateFiles.litterers() }),
  ];
  const cpuGuard = new CpuGuard({
    clock,
    agents,
    measure: (pid) => stats.cpuSeconds(pid),
    limitOf: ({ name }) => enforcer.rulesFor(name).cpu_percent,
    totalPercent: totals.cpuPercent,
    maxStopMs: Math.min(MAX_STOP_MS, hangTimeoutMs / 6),
    onHeld: (agent, message) => void reporter.log(agent, "warning", `Throttled by the node: ${message}`),
  });
  const generations = new Generations(registry.generationsPath);
  const fleetReports = new FleetReports({
    generations,
    clock,
    publish: (fleet, report) => reporter.generation(fleet, report),
    onProblem: (message) => reporter.nodeLog("error", message),
  });
  const vitals = new Vitals({
    reporter,
    stats,
    link,
    clock,
    agents,
    generations: () => fleetReports.tags,
    onReported,
  });
  const inventory = new Inventory({
    reporter,
    sensors: parts.sensors,
    chips: parts.chips,
    chipProblem,
    agents,
    clock,
  });
  const manifests = new Manifests(reporter, clock);
  const rulesOf = (agent: string) => enforcer.rulesFor(agent);
  const pendingTasks = (agent: string) => rulesOf(agent).pending_tasks;
  const tasks = new Tasks(reporter, clock, pendingTasks);
  const turns = new Turns();
  const requests = new Requests({
    link,
    node,
    clock,
    tasks,
    findHere: neighbours(supervisor, turns),
    limitOf: pendingTasks,
  });
  const subscriptions: Subscriptions = new Subscriptions({
    open: parts.openAgentLink,
    limitOf: (agent) => rulesOf(agent).subscriptions,
    mayHear: (agent, topic) => mayHear(rulesOf(agent).topics, topic),
    onRefused: (agent, filter, reason) =>
      void reporter.log(agent, "error", `The subscription to ${filter} is gone: ${reason}`),
    nowMs: () => clock.monotonicMs(),
  });
  link.follow(subscriptions.trail);
  const ownTopics = new OwnTopics({ link, reporter, clock });
  const roster = new Roster({ node, registry, enforcer, supervisor, reporter, clock });
  const updates = new Updates({
    node,
    roster,
    stateFiles,
    reporter,
    turns,
    onSettled: (agent, failure) =>
      failure === undefined ? fleetReports.runs(agent) : fleetReports.failed(agent, failure),
  });
  const peers = new Peers(parts.gate, clock);
  const placements: Placements = new Placements({
    node,
    clock,
    key: identity.key,
    peers,
    find: (actorId) => supervisor.findById(actorId),
    beat: (agent) => vitals.beat(agent),
    onYield: (agent, epoch, message) => void yieldAgent(agent, epoch, message),
    onConflict: (agent, message) => reporter.nodeLog("error", message, { child_name: agent.name }),
  });
  const yieldAgent = (agent: SupervisedAgent, epoch: number, message: string) =>
    turns.take(agent.name, async () => {
      if (supervisor.find(agent.name) !== agent || agent.config.epoch >= epoch) return;
      reporter.nodeLog("error", message, { child_name: agent.name });
      // Recorded first: a power cut in between must not bring it back.
      await roster.forget(agent.name, "yield");
      await agent.stop("yield");
    });
  const arrivals = new Arrivals({
    node,
    link,
    clock,
    roster,
    tasks,
    stateFiles,
    key: identity.key,
    peers,
    isRunning: (agent) => supervisor.find(agent) !== undefined,
  });
  const wiretap = new Wiretap(link, (filter) => nodeFilters(node).includes(filter));
  const departures = new Departures({
    node,
    link,
    clock,
    roster,
    reporter,
    stateFiles,
    manifests,
    tasks,
    wiretap,
    key: identity.key,
    peers,
    timeoutMs: parts.migrateTimeoutMs,
  });
  const presence: Presence = new Presence({
    identity,
    clock,
    sayOnline: () => reporter.nodeStatus("online"),
    demandsProof: peers.demandsProof,
    isEnrolled: (text, seal) => peers.hasSaid(node, text, seal),
    beat: () => vitals.reportNode(),
    onEcho: () => {
      echo.heard();
      parts.upgrades?.heard();
    },
    onTaken: life.yieldName,
    onUnproved: (message) => {
      log.warning(message);
      reporter.nodeLog("error", message);
    },
  });
  const devices = new DeviceDesk({
    sensors: parts.sensors,
    gpio: parts.gpio,
    chips: parts.chips,
    agents,
    allowed: (agent) => rulesOf(agent).devices,
    onDenied: ({ name }, kind, what) => parts.denials.add(name, kind, what),
  });
  const traffic = new Traffic({
    node,
    link,
    reporter,
    manifests,
    requests,
    subscriptions,
    tasks,
    devices,
    topicRules: (agent) => rulesOf(agent).topics,
    maxMessageBytes: (agent) => Math.floor(rulesOf(agent).message_kb * 1024),
    onDenied: ({ name }, kind, what) => parts.denials.add(name, kind, what),
    onStatus: (agent) => void vitals.reportStatusText(agent),
  });
  const context: CommandContext = {
    identity,
    link,
    reporter,
    recent,
    supervisor,
    roster,
    updates,
    generations,
    fleetReports,
    departures,
    arrivals,
    stateFiles,
    enforcer,
    tasks,
    ownTopics,
    devices,
    requests,
    vitals,
    turns,
    upgrades: parts.upgrades,
    rollCall: new Coalesced(clock, () => callRoll(context)),
    isClosing: life.isClosing,
    close: life.close,
    restart: life.restart,
  };
  const admissions = new Admissions({
    gate: parts.gate,
    audit: parts.audit,
    reporter,
    meter: new RefusalMeter(clock, AUDIT_RATE),
  });
  const controller = new Controller(context, admissions, new RefusalMeter(clock, SAY_RATE), log, clock);
  const events = new AgentEvents({
    identity,
    log,
    ownTopics,
    audit: parts.audit,
    supervisor,
    reporter,
    vitals,
    roster,
    manifests,
    tasks,
    requests,
    subscriptions,
    traffic,
    devices,
    updates,
    fleetReports,
    arrivals,
  });
  supervisor.observedBy(events);
  return {
    supervisor,
    reporter,
    echo,
    guards,
    cpuGuard,
    vitals,
    inventory,
    manifests,
    tasks,
    requests,
    subscriptions,
    ownTopics,
    roster,
    updates,
    generations,
    fleetReports,
    arrivals,
    departures,
    wiretap,
    presence,
    placements,
    traffic,
    admissions,
    controller,
    events,
  };
}
