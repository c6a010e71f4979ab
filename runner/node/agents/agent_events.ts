/** Handles the events of agents: reports them on the wire, stores them, and tells the other agents. */
import type { LogLevel, Peer, RunnerFrame } from "../../../protocol/frames.ts";
import type { AgentObserver, TrafficFrame } from "../../supervisor/ports.ts";
import type { AgentOutcome, ErrorReport, Kill, VisibleState } from "../../supervisor/state.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";
import type { Supervisor } from "../../supervisor/supervisor.ts";
import type { Audit } from "../../audit/audit_log.ts";
import type { Logger } from "../../logger.ts";
import type { Arrivals } from "../migration/arrivals.ts";
import type { NodeIdentity } from "../reports/identity.ts";
import type { Inventory } from "../reports/inventory.ts";
import type { Reporter } from "../reports/reporter.ts";
import type { Vitals } from "../reports/vitals.ts";
import type { HomeAssistant } from "../home_assistant/home_assistant.ts";
import type { DeviceDesk } from "./devices.ts";
import type { FleetReports } from "./fleet_reports.ts";
import type { Manifests } from "./manifests.ts";
import type { OwnTopics } from "./own_topics.ts";
import type { Requests } from "./requests.ts";
import type { Roster } from "./roster.ts";
import type { Subscriptions } from "./subscriptions.ts";
import type { Tasks } from "./tasks.ts";
import type { Traffic } from "./traffic.ts";
import type { Updates } from "./updates.ts";

/** The parts that react to the events of agents. */
export interface AgentEventParts {
  readonly identity: NodeIdentity;
  readonly log: Logger;
  readonly ownTopics: OwnTopics;
  readonly audit: Audit;
  readonly supervisor: Supervisor;
  readonly reporter: Reporter;
  readonly vitals: Vitals;
  readonly inventory: Inventory;
  readonly roster: Roster;
  readonly manifests: Manifests;
  readonly tasks: Tasks;
  readonly requests: Requests;
  readonly subscriptions: Subscriptions;
  readonly traffic: Traffic;
  readonly devices: DeviceDesk;
  readonly homeAssistant: HomeAssistant | undefined;
  readonly updates: Updates;
  readonly fleetReports: FleetReports;
  readonly arrivals: Arrivals;
}

/** Invariant: every change of an agent's state is reported on the wire in the order it happens. */
export class AgentEvents implements AgentObserver<SupervisedAgent> {
  constructor(private readonly parts: AgentEventParts) {}

  /** The agents here, as they see each other. */
  peers(): Peer[] {
    return this.parts.supervisor.agents().map((agent) => this.#peer(agent));
  }

  onState(agent: SupervisedAgent, state: VisibleState): void {
    this.parts.log.info(`Agent '${agent.name}' is ${state}`);
    this.parts.vitals.reportState(agent, state);
    this.parts.inventory.changed(agent);
    if (state === "paused") this.parts.devices.paused(agent);
    this.parts.roster.sync(agent);
  }

  onError(agent: SupervisedAgent, report: ErrorReport): Promise<void> {
    this.parts.log.warning(`Agent '${agent.name}': ${report.phase} ${report.severity}: ${report.error}`);
    const reported = this.parts.reporter.agentError(agent, report);
    // Errors in its code go to its own log; what ended it or kept it from running goes to the node's log.
    if (report.severity === "fatal" || report.phase === "supervisor") {
      const { phase, severity, error } = report;
      this.parts.audit.record({ event: "error", agent: agent.name, phase, severity, error });
    }
    this.parts.updates.failed(agent, report);
    return reported;
  }

  onStarted(agent: SupervisedAgent): void {
    this.parts.ownTopics.open(agent);
    this.#tellAll({ t: "peer_joined", peer: this.#peer(agent) });
  }

  onReady(agent: SupervisedAgent): void {
    // Changes made while its process was starting have not reached it.
    agent.send({ t: "peers", peers: this.peers() });
    this.parts.manifests.ready(agent);
    this.parts.homeAssistant?.alerts(agent);
    if (agent.isReady) this.parts.tasks.ready(agent);
    this.parts.roster.ready(agent);
    this.parts.arrivals.ready(agent);
    this.parts.updates.ready(agent);
    if (!this.parts.updates.isOnProbation(agent)) this.parts.fleetReports.runs(agent.name);
  }

  onProcessed(agent: SupervisedAgent): void {
    this.parts.roster.sync(agent);
    this.parts.updates.processed(agent);
  }

  onHealthy(agent: SupervisedAgent): void {
    this.parts.roster.sync(agent);
  }

  onExit(agent: SupervisedAgent, reason: string): void {
    this.parts.audit.record({ event: "exited", agent: agent.name, reason });
    this.parts.devices.exited(agent);
    this.parts.tasks.exited(agent);
    this.parts.requests.forget(agent);
    this.parts.subscriptions.removeAll(agent);
  }

  onEnded(agent: SupervisedAgent, outcome: AgentOutcome): void {
    this.parts.audit.record({ event: "ended", agent: agent.name, outcome });
    const forGood = outcome.kind === "stopped" && ["stop", "delete", "stop_all"].includes(outcome.reason);
    const isRolledBack = this.parts.updates.ended(agent, outcome);
    if (!isRolledBack) {
      this.parts.roster.ended(agent, outcome);
      this.parts.fleetReports.ended(agent.name, outcome);
    }
    const neverRan = outcome.kind === "failed" && outcome.phase !== "supervisor" && !agent.isMoving &&
      !isRolledBack;
    this.parts.manifests.ended(agent, forGood, neverRan);
    // One that has failed is shown as unavailable.
    if (outcome.kind === "stopped" && outcome.reason !== "shutdown") this.parts.homeAssistant?.forget(agent);
    this.parts.tasks.ended(agent);
    const isReplaced = outcome.kind === "stopped" && outcome.reason === "replace";
    this.parts.ownTopics.close(agent, isReplaced);
    this.parts.inventory.changed(agent);
    this.#tellAll({ t: "peer_left", name: agent.name });
  }

  onTraffic(agent: SupervisedAgent, frame: TrafficFrame): Promise<void> | void {
    return this.parts.traffic.handle(agent, frame);
  }

  onKilled({ name }: SupervisedAgent, kill: Kill): void {
    this.parts.audit.record({ event: "killed", agent: name, ...kill });
  }

  onLog(agent: SupervisedAgent, level: LogLevel, message: string): Promise<void> {
    return this.parts.reporter.log(agent, level, message);
  }

  #peer({ name, actorId }: SupervisedAgent): Peer {
    return { name, actor_id: actorId, node: this.parts.identity.name };
  }

  /** Sends only the change: the full list to each agent at every change would cost O(n²). */
  #tellAll(change: RunnerFrame): void {
    for (const agent of this.parts.supervisor.agents()) agent.send(change);
  }
}
