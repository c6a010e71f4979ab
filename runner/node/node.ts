/** One node: the agents here, the link to the broker, and all that goes between them. */
import type { LogLevel, Peer, RunnerFrame } from "../../protocol/frames.ts";
import { nodeFilters, ownFilters, topics } from "../../protocol/topics.ts";
import type { Audit } from "../audit/audit_log.ts";
import type { Clock } from "../clock.ts";
import type { IncomingMessage, Link, LinkListener } from "../link/link.ts";
import type { Logger } from "../logger.ts";
import { ProcStats } from "../process/proc_stats.ts";
import type { Gatekeeper } from "../policy/gatekeeper.ts";
import type { Registry } from "../store/registry.ts";
import type { StateFiles } from "../store/state_files.ts";
import type { AgentObserver, Runtime, TrafficFrame } from "../supervisor/ports.ts";
import type { ErrorReport, Outcome, StopReason, VisibleState } from "../supervisor/state.ts";
import type { SupervisedAgent } from "../supervisor/supervised_agent.ts";
import { Supervisor } from "../supervisor/supervisor.ts";
import type { Gate } from "../trust/gate.ts";
import { Admissions } from "./admissions.ts";
import { Arrivals } from "./arrivals.ts";
import { Controller } from "./controller.ts";
import { Departures } from "./departures.ts";
import { Echo } from "./echo.ts";
import type { NodeIdentity } from "./identity.ts";
import { MemoryGuard } from "./memory_guard.ts";
import { Manifests } from "./manifests.ts";
import { Presence } from "./presence.ts";
import { Reporter } from "./reporter.ts";
import { Requests } from "./requests.ts";
import { Roster } from "./roster.ts";
import { Subscriptions } from "./subscriptions.ts";
import { Tasks } from "./tasks.ts";
import { Traffic } from "./traffic.ts";
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
}

/** Time for the last messages to reach the broker, in milliseconds. */
const DRAIN_MS = 5000;

/** How a node ended. */
export type Ending =
  | { readonly kind: "closed" }
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
  readonly #manifests: Manifests;
  readonly #tasks: Tasks;
  readonly #requests: Requests;
  readonly #subscriptions: Subscriptions;
  readonly #traffic: Traffic;
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
    this.#vitals = new Vitals({ reporter, stats, link, clock, agents, onReported });
    this.#manifests = new Manifests(reporter, clock);
    this.#tasks = new Tasks(reporter, clock);
    this.#requests = new Requests(link, node, clock);
    this.#subscriptions = new Subscriptions(parts.openAgentLink);
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
      timeoutMs: parts.migrateTimeoutMs,
    });
    this.#presence = new Presence({
      identity,
      clock,
      sayOnline: () => reporter.nodeStatus("online"),
      beat: () => this.#vitals.reportNode(),
      onEcho: () => echo.heard(),
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
      topicRules: (agent) => gatekeeper.rulesFor(agent).topics,
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
      close: (reason: StopReason) => void this.close(reason),
    };
    const admissions = new Admissions({ gate: parts.gate, audit: parts.audit, reporter });
    this.#controller = new Controller(context, this.#requests, admissions, log);
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
  }

  /** Stops all agents, says so, and ends. May be called again: the first call decides. */
  close(reason: StopReason): Promise<void> {
    return this.#closing ??= this.#close(reason);
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

  onExit(agent: SupervisedAgent): void {
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

  /** Something that the operator should know, and that stops nothing. */
  onProblem(message: string): void {
    this.parts.log.error(message);
    this.#reporter.nodeLog("error", message);
  }

  /** What an agent needs is being fetched, which takes a while. */
  onInstalling(agent: string, what: string): void {
    this.#reporter.nodeLog("installing", `Installing ${what} for '${agent}'`, { child_name: agent });
  }

  onLog(agent: SupervisedAgent, level: LogLevel, message: string): Promise<void> {
    return this.#reporter.log(agent, level, message);
  }

  async #close(reason: StopReason): Promise<void> {
    this.#life.abort();
    await this.#supervisor.stopAll(reason);
    await this.#tasks.close();
    this.#reporter.nodeOffline();
    await this.#closeLinks(DRAIN_MS);
    this.#resolveClosed({ kind: "closed" });
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
