/** One node: the agents here, the link to the broker, and all that goes between them. */
import type { LogLevel, Peer } from "../../protocol/frames.ts";
import { nodeFilters, topics } from "../../protocol/topics.ts";
import type { Clock } from "../clock.ts";
import type { IncomingMessage, Link, LinkListener } from "../link/link.ts";
import type { Logger } from "../logger.ts";
import { ProcStats } from "../process/proc_stats.ts";
import type { StateFiles } from "../store/state_files.ts";
import type { AgentObserver, Runtime, TrafficFrame } from "../supervisor/ports.ts";
import type { ErrorReport, Outcome, StopReason, VisibleState } from "../supervisor/state.ts";
import type { SupervisedAgent } from "../supervisor/supervised_agent.ts";
import { Supervisor } from "../supervisor/supervisor.ts";
import { Controller } from "./controller.ts";
import type { NodeIdentity } from "./identity.ts";
import { Manifests } from "./manifests.ts";
import { Reporter } from "./reporter.ts";
import { Requests } from "./requests.ts";
import { Subscriptions } from "./subscriptions.ts";
import { Tasks } from "./tasks.ts";
import { Traffic } from "./traffic.ts";
import { Turns } from "../turns.ts";
import { Vitals } from "./vitals.ts";

export interface NodeParts {
  readonly identity: NodeIdentity;
  readonly clock: Clock;
  readonly log: Logger;
  readonly link: Link;
  readonly runtime: Runtime;
  readonly stateFiles: StateFiles;
  readonly hangTimeoutMs: number;
}

/** Time for the last messages to reach the broker, in milliseconds. */
const DRAIN_MS = 5000;

/**
 * Invariants: every change of an agent's state is said on the wire in the order it happens; the node answers commands
 * whatever its agents are doing.
 */
export class Node implements LinkListener, AgentObserver {
  readonly #supervisor: Supervisor;
  readonly #reporter: Reporter;
  readonly #vitals: Vitals;
  readonly #manifests: Manifests;
  readonly #tasks: Tasks;
  readonly #requests: Requests;
  readonly #subscriptions: Subscriptions;
  readonly #traffic: Traffic;
  readonly #controller: Controller;
  readonly #life = new AbortController();
  #closing: Promise<void> | undefined;
  #resolveClosed: () => void = () => {};
  #incoming = 0;
  /** Resolves when the node has ended: all agents stopped, the last messages with the broker. */
  readonly closed: Promise<void>;

  constructor(private readonly parts: NodeParts) {
    const { identity, clock, log, link, runtime, stateFiles } = parts;
    const hangTimeoutMs = parts.hangTimeoutMs;
    this.closed = new Promise((resolve) => this.#resolveClosed = resolve);
    this.#supervisor = new Supervisor({ runtime, observer: this, clock, hangTimeoutMs });
    this.#reporter = new Reporter(link, identity, clock);
    const reporter = this.#reporter;
    const agents = () => this.#supervisor.agents();
    this.#vitals = new Vitals({ reporter, stats: new ProcStats(), link, clock, agents });
    this.#manifests = new Manifests(reporter, clock);
    this.#tasks = new Tasks(reporter);
    this.#requests = new Requests(link, identity.name, clock);
    this.#subscriptions = new Subscriptions(link);
    this.#traffic = new Traffic({
      node: identity.name,
      link,
      reporter,
      manifests: this.#manifests,
      requests: this.#requests,
      subscriptions: this.#subscriptions,
      tasks: this.#tasks,
      onStatus: (agent) => void this.#vitals.reportStatusText(agent),
    });
    const context = {
      identity,
      link,
      reporter,
      supervisor: this.#supervisor,
      stateFiles,
      tasks: this.#tasks,
      vitals: this.#vitals,
      turns: new Turns(),
      isClosing: () => this.isClosing,
      close: (reason: StopReason) => void this.close(reason),
    };
    this.#controller = new Controller(context, this.#requests, log);
  }

  /** Begins to listen and to report. */
  start(): void {
    this.parts.link.subscribe(nodeFilters(this.parts.identity.name));
    void this.#vitals.run(this.#life.signal);
  }

  /** Stops all agents, says so, and ends. May be called again: the first call decides. */
  close(reason: StopReason): Promise<void> {
    return this.#closing ??= this.#close(reason);
  }

  get isClosing(): boolean {
    return this.#closing !== undefined;
  }

  /** The agents here, as they see each other. */
  peers(): Peer[] {
    const node = this.parts.identity.name;
    return this.#supervisor.agents().map(({ name, actorId }) => ({ name, actor_id: actorId, node }));
  }

  onMessage(message: IncomingMessage): void {
    const { log } = this.parts;
    if (log.isDebug) log.debug(`in #${++this.#incoming} ${message.topic} (${message.payload.length} bytes)`);
    this.#subscriptions.deliver(message);
    void this.#controller.receive(message);
  }

  onConnected(): void {
    this.#reporter.nodeStatus("online");
    this.#vitals.reportNode();
  }

  onDisconnected(reason: string): void {
    this.parts.log.debug(`The link is down: ${reason}`);
  }

  onState(agent: SupervisedAgent, state: VisibleState): void {
    this.parts.log.info(`Agent '${agent.name}' is ${state}`);
    this.#vitals.reportState(agent, state);
  }

  onError(agent: SupervisedAgent, report: ErrorReport): void {
    this.parts.log.warning(`Agent '${agent.name}': ${report.phase} ${report.severity}: ${report.error}`);
    this.#reporter.agentError(agent, report);
  }

  onStarted(agent: SupervisedAgent): void {
    this.parts.link.subscribe(ownTopics(agent));
    this.#tellPeers();
  }

  onReady(agent: SupervisedAgent): void {
    this.#manifests.ready(agent);
    this.#tasks.ready(agent);
  }

  onExit(agent: SupervisedAgent): void {
    agent.statusText = undefined;
    this.#tasks.exited(agent);
    this.#requests.forget(agent);
    this.#subscriptions.removeAll(agent);
  }

  onEnded(agent: SupervisedAgent, outcome: Outcome): void {
    const forGood = outcome.kind === "stopped" && ["stop", "delete", "stop_all"].includes(outcome.reason);
    this.#manifests.ended(agent, forGood);
    this.#tasks.ended(agent);
    this.parts.link.unsubscribe(ownTopics(agent));
    this.#tellPeers();
  }

  onTraffic(agent: SupervisedAgent, frame: TrafficFrame): Promise<void> | void {
    return this.#traffic.handle(agent, frame);
  }

  onLog(agent: SupervisedAgent, level: LogLevel, message: string): Promise<void> {
    return this.#reporter.log(agent, level, message);
  }

  async #close(reason: StopReason): Promise<void> {
    this.#life.abort();
    await this.#supervisor.stopAll(reason);
    this.#reporter.nodeOffline();
    await this.parts.link.close(DRAIN_MS);
    this.#resolveClosed();
  }

  #tellPeers(): void {
    const peers = this.peers();
    for (const agent of this.#supervisor.agents()) agent.send({ t: "peers", peers });
  }
}

/** What is sent to one agent, wherever it runs. */
function ownTopics(agent: SupervisedAgent): string[] {
  return [topics.task(agent.name), topics.agentCommands(agent.actorId)];
}
