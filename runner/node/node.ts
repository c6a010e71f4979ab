/** One node: the agents here, the link to the broker, and all that goes between them. */
import type { LogLevel, Peer, RunnerFrame } from "../../protocol/frames.ts";
import { nodeFilters, ownFilters, topics } from "../../protocol/topics.ts";
import type { Audit } from "../audit/audit_log.ts";
import { RefusalMeter } from "../audit/refusal_meter.ts";
import type { Denials } from "../audit/denials.ts";
import type { Clock } from "../clock.ts";
import type { IncomingMessage, Link, LinkListener } from "../link/link.ts";
import type { Logger } from "../logger.ts";
import { ProcStats } from "../process/proc_stats.ts";
import type { Gatekeeper, PolicyRefusal } from "../policy/gatekeeper.ts";
import type { Registry } from "../store/registry.ts";
import type { StateFiles } from "../store/state_files.ts";
import type { AgentObserver, Kill, Runtime, TrafficFrame } from "../supervisor/ports.ts";
import type { ErrorReport, Outcome, StopReason, VisibleState } from "../supervisor/state.ts";
import type { SupervisedAgent } from "../supervisor/supervised_agent.ts";
import { Supervisor } from "../supervisor/supervisor.ts";
import type { Gate } from "../trust/gate.ts";
import { Admissions } from "./admissions.ts";
import { Arrivals } from "./arrivals.ts";
import { CpuGuard } from "./cpu_guard.ts";
import { Controller } from "./controller.ts";
import { Departures } from "./departures.ts";
import { Echo } from "./echo.ts";
import type { NodeIdentity } from "./identity.ts";
import { MemoryGuard } from "./memory_guard.ts";
import { MigrationSeals } from "./migration_seals.ts";
import { Manifests } from "./manifests.ts";
import { Presence } from "./presence.ts";
import { Reporter } from "./reporter.ts";
import { Requests } from "./requests.ts";
import { Roster } from "./roster.ts";
import { Subscriptions } from "./subscriptions.ts";
import { Tasks } from "./tasks.ts";
import { Traffic } from "./traffic.ts";
import type { UpgradeNews, Upgrades } from "../upgrade/upgrades.ts";
import { Turns } from "../turns.ts";
import { Updates } from "./updates.ts";
import { Vitals } from "./vitals.ts";
import { Wiretap } from "./wiretap.ts";

export interface NodeParts {
  readonly identity: NodeIdentity;
  readonly clock: Clock;
  readonly log: Logger;
  readonly link: Link;
  readonly runtime: Runtime;
  readonly stateFiles: StateFiles;
  readonly registry: Registry;
  readonly gatekeeper: Gatekeeper;
  /** Resident memory of an agent, MiB, where the policy does not say otherwise. */
  readonly memoryMb: number;
  /** Opens the link that carries the agents' own subscriptions; it is opened when the first of them comes. */
  readonly openAgentLink: (listener: LinkListener) => Link;
  readonly hangTimeoutMs: number;
  readonly migrateTimeoutMs: number;
  /** Who is obeyed; without it, everybody. */
  readonly gate?: Gate | undefined;
  readonly audit: Audit;
  /** How it replaces its own runner; without it, it cannot. */
  readonly upgrades?: Upgrades | undefined;
  /** Whether an agent may be stopped for moments, where no cgroup holds it to its CPU share. */
  readonly mayStop: () => Promise<boolean>;
  /** What agents have tried in vain. */
  readonly denials: Denials;
}

/** Time for the last messages to reach the broker, in milliseconds. */
const DRAIN_MS = 5000;

/** So long at most an agent is stopped at a time, to hold it to its CPU share. */
const MAX_STOP_MS = 5000;

/** How a node ended. */
export type Ending =
  | { readonly kind: "closed" }
  /** Another runner is to take over. */
  | { readonly kind: "upgraded" }
  /** Another process had its name before it; the message is for the operator. */
  | { readonly kind: "name_taken"; readonly message: string };

/**
 * Invariants: every change of an agent's state is said on the wire in the order it happens; the node answers commands
 * whatever its agents are doing.
 */
export class Node implements LinkListener, AgentObserver {
  readonly #supervisor: Supervisor;
  readonly #reporter: Reporter;
  readonly #vitals: Vitals;
  readonly #memoryGuard: MemoryGuard;
  readonly #cpuGuard: CpuGuard;
  readonly #manifests: Manifests;
  readonly #tasks: Tasks;
  readonly #requests: Requests;
  readonly #subscriptions: Subscriptions;
  readonly #traffic: Traffic;
  readonly #admissions: Admissions;
  readonly #controller: Controller;
  readonly #roster: Roster;
  readonly #updates: Updates;
  readonly #arrivals: Arrivals;
  readonly #departures: Departures;
  readonly #echo: Echo;
  readonly #presence: Presence;
  readonly #wiretap: Wiretap;
  readonly #life = new AbortController();
  #closing: Promise<void> | undefined;
  #resolveClosed: (ending: Ending) => void = () => {};
  #incoming = 0;
  /** Resolves when the node has ended: all agents stopped, the last messages with the broker. */
  readonly closed: Promise<Ending>;

  /** Aborted when the node begins to end. */
  get ending(): AbortSignal {
    return this.#life.signal;
  }

  constructor(private readonly parts: NodeParts) {
    const { identity, clock, log, link, runtime, stateFiles, registry, gatekeeper, hangTimeoutMs } = parts;
    const node = identity.name;
    this.closed = new Promise((resolve) => this.#resolveClosed = resolve);
    this.#supervisor = new Supervisor({ runtime, observer: this, clock, hangTimeoutMs });
    this.#reporter = new Reporter(link, identity, clock);
    const reporter = this.#reporter;
    const agents = () => this.#supervisor.agents();
    const echo = this.#echo = new Echo({ node, link, clock, log });
    const onReported = () => echo.sent();
    const stats = new ProcStats();
    this.#memoryGuard = new MemoryGuard({
      clock,
      agents,
      measure: (pid) => stats.memoryMb(pid),
      limitOf: ({ name }) => gatekeeper.rulesFor(name).memory_mb ?? parts.memoryMb,
    });
    this.#cpuGuard = new CpuGuard({
      clock,
      agents,
      measure: (pid) => stats.cpuSeconds(pid),
      limitOf: ({ name }) => gatekeeper.rulesFor(name).cpu_percent,
      maxStopMs: Math.min(MAX_STOP_MS, hangTimeoutMs / 6),
      onHeld: (agent, message) => void this.onLog(agent, "warning", `Held back by the node: ${message}`),
    });
    this.#vitals = new Vitals({ reporter, stats, link, clock, agents, onReported });
    this.#manifests = new Manifests(reporter, clock);
    const rulesOf = (agent: string) => gatekeeper.rulesFor(agent);
    const pendingTasks = (agent: string) => rulesOf(agent).pending_tasks;
    this.#tasks = new Tasks(reporter, pendingTasks);
    this.#requests = new Requests(link, node, clock, pendingTasks);
    this.#subscriptions = new Subscriptions(parts.openAgentLink, (agent) => rulesOf(agent).subscriptions);
    const turns = new Turns();
    const tasks = this.#tasks;
    const supervisor = this.#supervisor;
    const roster = this.#roster = new Roster({ node, registry, gatekeeper, supervisor, reporter, clock });
    this.#updates = new Updates({ node, roster, stateFiles, reporter, turns });
    this.#arrivals = new Arrivals({ node, link, clock, roster, tasks, stateFiles });
    this.#wiretap = new Wiretap(link, (filter) => nodeFilters(node).includes(filter));
    this.#departures = new Departures({
      node,
      link,
      clock,
      roster,
      reporter,
      stateFiles,
      manifests: this.#manifests,
      tasks,
      wiretap: this.#wiretap,
      seals: new MigrationSeals(registry.migrationSecret),
      timeoutMs: parts.migrateTimeoutMs,
    });
    this.#presence = new Presence({
      identity,
      clock,
      sayOnline: () => reporter.nodeStatus("online"),
      beat: () => this.#vitals.reportNode(),
      onEcho: () => {
        echo.heard();
        parts.upgrades?.heard();
      },
      onTaken: (message) => void this.#yield(message),
    });
    this.#traffic = new Traffic({
      node,
      link,
      reporter,
      manifests: this.#manifests,
      requests: this.#requests,
      subscriptions: this.#subscriptions,
      tasks,
      topicRules: (agent) => rulesOf(agent).topics,
      maxMessageBytes: (agent) => Math.floor(rulesOf(agent).message_kb * 1024),
      onDenied: ({ name }, kind, what) => parts.denials.add(name, kind, what),
      onStatus: (agent) => void this.#vitals.reportStatusText(agent),
    });
    const context = {
      identity,
      link,
      reporter,
      supervisor,
      roster,
      updates: this.#updates,
      departures: this.#departures,
      arrivals: this.#arrivals,
      stateFiles,
      gatekeeper,
      tasks,
      vitals: this.#vitals,
      turns,
      isClosing: () => this.#closing !== undefined,
      upgrades: parts.upgrades,
      close: (reason: StopReason) => void this.close(reason),
      restart: () => void this.close("shutdown", { kind: "upgraded" }),
    };
    this.#admissions = new Admissions({
      gate: parts.gate,
      audit: parts.audit,
      reporter,
      meter: new RefusalMeter(clock),
    });
    this.#controller = new Controller(context, this.#requests, this.#admissions, log);
  }

  /** The packages that agents here ask for, one list for each. */
  installs(): (readonly string[])[] {
    return this.#supervisor.agents().map(({ config }) => config.install).filter((list) => list.length > 0);
  }

  /** Brings back the agents that should run here, without waiting for the broker; then listens and reports. */
  async start(): Promise<void> {
    const { link, identity } = this.parts;
    for (const restored of await this.#roster.restore()) {
      const { agent, entry } = restored;
      if (entry.previous !== undefined) this.#updates.begin(agent, entry.previous);
      if (entry.arriving !== undefined) void this.#arrivals.begin(agent, entry.arriving);
      this.#departures.recover(restored);
    }
    void link.subscribe(nodeFilters(identity.name));
    // What was said while this process was away is of no use here.
    void link.subscribe(ownFilters(identity.name), 0);
    void this.#vitals.run(this.#life.signal);
    void this.#memoryGuard.run(this.#life.signal);
    void this.#guardCpu();
  }

  /** Stops all agents, says so, and ends. May be called again: the first call decides. */
  close(reason: StopReason, ending: Ending = { kind: "closed" }): Promise<void> {
    return this.#closing ??= this.#close(reason, ending);
  }

  /** The agents here, as they see each other. */
  peers(): Peer[] {
    return this.#supervisor.agents().map((agent) => this.#peer(agent));
  }

  onMessage(message: IncomingMessage): void {
    const { log } = this.parts;
    if (log.isDebug) log.debug(`in #${++this.#incoming} ${message.topic} (${message.payload.length} bytes)`);
    this.#presence.receive(message);
    this.#wiretap.deliver(message);
    void this.#controller.receive(message);
  }

  onConnected(): void {
    this.#echo.connected();
    this.#reporter.nodeStatus("online");
    this.#vitals.reportNode();
    this.#arrivals.connected();
  }

  onDisconnected(reason: string): void {
    this.parts.log.debug(`The link is down: ${reason}`);
  }

  onState(agent: SupervisedAgent, state: VisibleState): void {
    this.parts.log.info(`Agent '${agent.name}' is ${state}`);
    this.#vitals.reportState(agent, state);
    this.#roster.sync(agent);
  }

  onError(agent: SupervisedAgent, report: ErrorReport): Promise<void> {
    this.parts.log.warning(`Agent '${agent.name}': ${report.phase} ${report.severity}: ${report.error}`);
    const reported = this.#reporter.agentError(agent, report);
    // What its code does wrong is in its own log; what ended it or kept it from running is here.
    if (report.severity === "fatal" || report.phase === "supervisor") {
      const { phase, severity, error } = report;
      this.parts.audit.record({ event: "error", agent: agent.name, phase, severity, error });
    }
    this.#updates.failed(agent, report);
    return reported;
  }

  onStarted(agent: SupervisedAgent): void {
    this.parts.link.subscribe(ownTopics(agent));
    this.#tellAll({ t: "peer_joined", peer: this.#peer(agent) });
  }

  onReady(agent: SupervisedAgent): void {
    // What changed while its process was being started has not reached it.
    agent.send({ t: "peers", peers: this.peers() });
    this.#manifests.ready(agent);
    if (agent.isReady) this.#tasks.ready(agent);
    this.#roster.ready(agent);
    this.#updates.ready(agent);
  }

  onProcessed(agent: SupervisedAgent): void {
    this.#roster.sync(agent);
    this.#updates.processed(agent);
  }

  onExit(agent: SupervisedAgent, reason: string): void {
    this.parts.audit.record({ event: "exited", agent: agent.name, reason });
    agent.statusText = undefined;
    this.#tasks.exited(agent);
    this.#requests.forget(agent);
    this.#subscriptions.removeAll(agent);
  }

  onEnded(agent: SupervisedAgent, outcome: Outcome): void {
    this.parts.audit.record({ event: "ended", agent: agent.name, outcome });
    const forGood = outcome.kind === "stopped" && ["stop", "delete", "stop_all"].includes(outcome.reason);
    const isRolledBack = this.#updates.ended(agent, outcome);
    if (!isRolledBack) this.#roster.ended(agent, outcome);
    const neverRan = outcome.kind === "failed" && outcome.phase !== "supervisor" && !agent.isMoving &&
      !isRolledBack;
    this.#manifests.ended(agent, forGood, neverRan);
    this.#tasks.ended(agent);
    const isReplaced = outcome.kind === "stopped" && outcome.reason === "replace";
    // What is sent to it meanwhile is for its successor.
    if (!isReplaced) this.parts.link.unsubscribe(ownTopics(agent));
    this.#tellAll({ t: "peer_left", name: agent.name });
  }

  onTraffic(agent: SupervisedAgent, frame: TrafficFrame): Promise<void> | void {
    return this.#traffic.handle(agent, frame);
  }

  /** An upgrade has passed, or has been taken back. */
  onUpgrade(message: string, news: UpgradeNews): void {
    const isBad = news.upgrade === "taken_back";
    this.parts.log[isBad ? "error" : "info"](message);
    this.#reporter.nodeLog(isBad ? "error" : "log", message, { ...news });
    this.parts.audit.record({ event: "upgrade", outcome: news.upgrade, reason: message });
  }

  /** Something that the operator should know, and that stops nothing. */
  onProblem(message: string): void {
    this.parts.log.error(message);
    this.#reporter.nodeLog("error", message);
  }

  /** The policy does not let an agent have what it asks for. */
  onPolicyRefusal(refusal: PolicyRefusal): void {
    this.#admissions.beyondPolicy(refusal);
  }

  onKilled({ name }: SupervisedAgent, kill: Kill): void {
    this.parts.audit.record({ event: "killed", agent: name, ...kill });
  }

  onLog(agent: SupervisedAgent, level: LogLevel, message: string): Promise<void> {
    return this.#reporter.log(agent, level, message);
  }

  async #guardCpu(): Promise<void> {
    // Where nothing can run, nothing has to be held.
    if (await this.parts.mayStop().catch(() => false)) await this.#cpuGuard.run(this.#life.signal);
  }

  async #close(reason: StopReason, ending: Ending): Promise<void> {
    this.#life.abort();
    await this.#supervisor.stopAll(reason);
    this.#reporter.nodeOffline();
    await this.#closeLinks(DRAIN_MS);
    this.#resolveClosed(ending);
  }

  /** Leaves the name to the node that had it first: without a word, for every word would be taken for that node's. */
  #yield(message: string): Promise<void> {
    return this.#closing ??= this.#leave(message);
  }

  async #leave(message: string): Promise<void> {
    this.#life.abort();
    await this.#closeLinks(0);
    await this.#supervisor.stopAll("shutdown");
    this.#resolveClosed({ kind: "name_taken", message });
  }

  async #closeLinks(drainMs: number): Promise<void> {
    await Promise.all([
      this.parts.link.close(drainMs),
      this.#subscriptions.close(),
      this.parts.registry[Symbol.asyncDispose](),
    ]);
    this.parts.denials[Symbol.dispose]();
    await this.parts.audit[Symbol.asyncDispose]();
  }

  #peer({ name, actorId }: SupervisedAgent): Peer {
    return { name, actor_id: actorId, node: this.parts.identity.name };
  }

  /** Only what has changed: the whole list to all, at every change, is what many agents would mostly say. */
  #tellAll(change: RunnerFrame): void {
    for (const agent of this.#supervisor.agents()) agent.send(change);
  }
}

/** What is sent to one agent, wherever it runs. */
function ownTopics(agent: SupervisedAgent): string[] {
  return [topics.task(agent.name), topics.agentCommands(agent.actorId)];
}
