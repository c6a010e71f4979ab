/** Builds the parts of a node, each from those it needs. Starts nothing. */
import { mayHear } from "../../protocol/agent_topics.ts";
import { nodeFilters } from "../../protocol/commands.ts";
import { AUDIT_RATE, RefusalMeter, SAY_RATE } from "../audit/refusal_meter.ts";
import { Coalesced } from "../coalesced.ts";
import { ProcStats } from "../process/proc_stats.ts";
import { Generations } from "../store/generations.ts";
import { parseWindow } from "../../protocol/window.ts";
import { ChangeWindows } from "./agents/change_windows.ts";
import type { SupervisedAgent } from "../supervisor/supervised_agent.ts";
import { allowedKinds } from "../policy/policy.ts";
import { Supervisor } from "../supervisor/supervisor.ts";
import { Turns } from "../turns.ts";
import { Admissions } from "./intake/admissions.ts";
import { AgentEvents } from "./agents/agent_events.ts";
import { Arrivals } from "./migration/arrivals.ts";
import type { CommandContext } from "./commands/command.ts";
import { callRoll } from "./commands/list.ts";
import { Controller } from "./intake/controller.ts";
import { DeviceDesk } from "./agents/devices.ts";
import { Departures } from "./migration/departures.ts";
import { Echo } from "./reports/echo.ts";
import { Loopback } from "./agents/loopback.ts";
import { FleetReports } from "./agents/fleet_reports.ts";
import { Manifests } from "./agents/manifests.ts";
import { HomeAssistant } from "./home_assistant/home_assistant.ts";
import { Inventory } from "./reports/inventory.ts";
import { neighbours } from "./agents/neighbours.ts";
import { OwnTopics } from "./agents/own_topics.ts";
import { Peers } from "./migration/peers.ts";
import { Presence } from "./reports/presence.ts";
import { RecentLines } from "./reports/recent_lines.ts";
import { Reporter } from "./reports/reporter.ts";
import { OwnNames } from "./agents/own_names.ts";
import { Placements } from "./agents/placements.ts";
import { RefusedMessages } from "./agents/refused_messages.ts";
import { Requests } from "./agents/requests.ts";
import { Roster } from "./agents/roster.ts";
import { Subscriptions } from "./agents/subscriptions.ts";
import { Tasks } from "./agents/tasks.ts";
import { Traffic } from "./agents/traffic.ts";
import { Updates } from "./agents/updates.ts";
import { Vitals } from "./reports/vitals.ts";
import { Wiretap } from "./migration/wiretap.ts";
import { guardsOf } from "./agents/guards.ts";
import type { Assembly, NodeLife, NodeParts } from "./node_parts.ts";

export function assemble(parts: NodeParts, life: NodeLife): Assembly {
  const { identity, clock, log, runtime, stateFiles, registry, enforcer, hangTimeoutMs } = parts;
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
  const { guards, cpuGuard } = guardsOf(parts, { agents, stats, link, reporter });
  const generations = new Generations(registry.generationsPath);
  const fleetReports = new FleetReports({
    generations,
    clock,
    publish: (fleet, report) => reporter.generation(fleet, report),
    onProblem: (message) => reporter.nodeLog("error", message),
  });
  const changeWindows = new ChangeWindows(
    clock,
    identity.window === undefined ? undefined : parseWindow(identity.window),
  );
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
    ...parts,
    reporter,
    allowed: allowedKinds(enforcer.policy),
    isBusy: (path) => devices.isBusy(path),
    agents,
  });
  const manifests = new Manifests(reporter, clock);
  const isHere = (actorId: string) => supervisor.findById(actorId) !== undefined;
  const homeAssistant = parts.homeAssistant === undefined
    ? undefined
    : new HomeAssistant({ prefix: parts.homeAssistant, identity, link, clock, reporter, isHere });
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
  const refused = new RefusedMessages({
    find: (agent) => supervisor.find(agent),
    log: (agent, message) => void reporter.log(agent, "error", message, "control"),
    nowMs: () => clock.monotonicMs(),
  });
  link.follow({
    ...subscriptions.trail,
    onDropped: (message, refusal) => {
      subscriptions.trail.onDropped(message, refusal);
      if (refusal !== undefined) refused.add(message, refusal);
    },
  });
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
    turns,
    forget: (agent, why) => roster.forget(agent, why),
    say: (agent, message) => reporter.nodeLog("error", message, { child_name: agent.name }),
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
  const devices: DeviceDesk = new DeviceDesk({
    ...parts,
    open: parts.openDevices,
    agents,
    allowed: (agent) => rulesOf(agent).devices,
    onDenied: ({ name }, kind, what) => parts.denials.add(name, kind, what),
  });
  const traffic = new Traffic({
    node,
    link,
    reporter,
    manifests,
    names: new OwnNames(),
    homeAssistant,
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
    changeWindows,
    departures,
    arrivals,
    stateFiles,
    enforcer,
    tasks,
    ownTopics,
    devices,
    inventory,
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
    inventory,
    roster,
    manifests,
    tasks,
    requests,
    subscriptions,
    traffic,
    devices,
    homeAssistant,
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
    homeAssistant,
    tasks,
    requests,
    subscriptions,
    ownTopics,
    roster,
    updates,
    generations,
    fleetReports,
    changeWindows,
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
