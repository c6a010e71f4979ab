/** What happens to agents: says it on the wire, keeps it, and tells their peers. */
import type { LogLevel, Peer, RunnerFrame } from "../../../protocol/frames.ts";
import { topics } from "../../../protocol/topics.ts";
import type { AgentObserver, Kill, TrafficFrame } from "../../supervisor/ports.ts";
import type { ErrorReport, Outcome, VisibleState } from "../../supervisor/state.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";
import type { Assembly, NodeParts } from "../assembly.ts";

/** Invariant: every change of an agent's state is said on the wire in the order it happens. */
export class AgentEvents implements AgentObserver {
  /** @param node the parts of the node, once they are built */
  constructor(
    private readonly parts: Pick<NodeParts, "identity" | "log" | "link" | "audit">,
    private readonly node: () => Assembly,
  ) {}

  /** The agents here, as they see each other. */
  peers(): Peer[] {
    return this.#node.supervisor.agents().map((agent) => this.#peer(agent));
  }

  onState(agent: SupervisedAgent, state: VisibleState): void {
    this.parts.log.info(`Agent '${agent.name}' is ${state}`);
    this.#node.vitals.reportState(agent, state);
    this.#node.roster.sync(agent);
  }

  onError(agent: SupervisedAgent, report: ErrorReport): Promise<void> {
    this.parts.log.warning(`Agent '${agent.name}': ${report.phase} ${report.severity}: ${report.error}`);
    const reported = this.#node.reporter.agentError(agent, report);
    // What its code does wrong is in its own log; what ended it or kept it from running is here.
    if (report.severity === "fatal" || report.phase === "supervisor") {
      const { phase, severity, error } = report;
      this.parts.audit.record({ event: "error", agent: agent.name, phase, severity, error });
    }
    this.#node.updates.failed(agent, report);
    return reported;
  }

  onStarted(agent: SupervisedAgent): void {
    this.parts.link.subscribe(ownTopics(agent));
    this.#tellAll({ t: "peer_joined", peer: this.#peer(agent) });
  }

  onReady(agent: SupervisedAgent): void {
    // What changed while its process was being started has not reached it.
    agent.send({ t: "peers", peers: this.peers() });
    this.#node.manifests.ready(agent);
    if (agent.isReady) this.#node.tasks.ready(agent);
    this.#node.roster.ready(agent);
    this.#node.arrivals.ready(agent);
    this.#node.updates.ready(agent);
  }

  onProcessed(agent: SupervisedAgent): void {
    this.#node.roster.sync(agent);
    this.#node.updates.processed(agent);
  }

  onExit(agent: SupervisedAgent, reason: string): void {
    this.parts.audit.record({ event: "exited", agent: agent.name, reason });
    agent.statusText = undefined;
    this.#node.tasks.exited(agent);
    this.#node.requests.forget(agent);
    this.#node.subscriptions.removeAll(agent);
  }

  onEnded(agent: SupervisedAgent, outcome: Outcome): void {
    this.parts.audit.record({ event: "ended", agent: agent.name, outcome });
    const forGood = outcome.kind === "stopped" && ["stop", "delete", "stop_all"].includes(outcome.reason);
    const isRolledBack = this.#node.updates.ended(agent, outcome);
    if (!isRolledBack) this.#node.roster.ended(agent, outcome);
    const neverRan = outcome.kind === "failed" && outcome.phase !== "supervisor" && !agent.isMoving &&
      !isRolledBack;
    this.#node.manifests.ended(agent, forGood, neverRan);
    this.#node.tasks.ended(agent);
    const isReplaced = outcome.kind === "stopped" && outcome.reason === "replace";
    // What is sent to it meanwhile is for its successor.
    if (!isReplaced) this.parts.link.unsubscribe(ownTopics(agent));
    this.#tellAll({ t: "peer_left", name: agent.name });
  }

  onTraffic(agent: SupervisedAgent, frame: TrafficFrame): Promise<void> | void {
    return this.#node.traffic.handle(agent, frame);
  }

  onKilled({ name }: SupervisedAgent, kill: Kill): void {
    this.parts.audit.record({ event: "killed", agent: name, ...kill });
  }

  onLog(agent: SupervisedAgent, level: LogLevel, message: string): Promise<void> {
    return this.#node.reporter.log(agent, level, message);
  }

  get #node(): Assembly {
    return this.node();
  }

  #peer({ name, actorId }: SupervisedAgent): Peer {
    return { name, actor_id: actorId, node: this.parts.identity.name };
  }

  /** Only what has changed: the whole list to all, at every change, is what many agents would mostly say. */
  #tellAll(change: RunnerFrame): void {
    for (const agent of this.#node.supervisor.agents()) agent.send(change);
  }
}

/** What is sent to one agent, wherever it runs. */
function ownTopics(agent: SupervisedAgent): string[] {
  return [topics.task(agent.name), topics.agentCommands(agent.actorId)];
}
