/** Builds every report of the node, as docs/protocol.md defines it. */
import type { LogLevel, Severity } from "../../../protocol/frames.ts";
import type { NodeDevices } from "../../../protocol/devices/inventory.ts";
import type { MeasuredReading, SwitchState } from "../../../protocol/readings.ts";
import { type AgentReport, topics } from "../../../protocol/topics.ts";
import type { Clock } from "../../clock.ts";
import type { Link, MessageClass } from "../../link/link.ts";
import type { Usage } from "../../process/proc_stats.ts";
import type { ErrorReport, VisibleState } from "../../supervisor/state.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";
import type { NodeIdentity } from "./identity.ts";
import type { PlacementReport } from "../agents/placements.ts";
import type { PresenceProof } from "./presence.ts";
import { round, statusMessage } from "./status_message.ts";
import type { RecentLines } from "./recent_lines.ts";
import { shortHeartbeat } from "./short_heartbeat.ts";

/** Longest traceback on the wire, in characters. */
const MAX_TRACEBACK_CHARS = 800;
/** Longest log line, alert or error text on the wire, in characters. */
const MAX_MESSAGE_CHARS = 64 * 1024;

/** The contents of the node's heartbeat besides its identity. */
export interface NodeVitals {
  readonly agents: readonly string[];
  readonly uptime: number;
  readonly usage: Usage | undefined;
  readonly queue: number;
  readonly dropped: number;
  /** Which of several addresses of the broker. */
  readonly connectedTo: string | undefined;
  /** The tag of the generation in force here, by fleet. */
  readonly generations: Readonly<Record<string, string>>;
}

type Json = Readonly<Record<string, unknown>>;

/** Every method publishes at QoS 1; a promise settles as `Link.publish` does. */
export class Reporter {
  constructor(
    private readonly link: Pick<Link, "publish" | "limitOf">,
    private readonly node: NodeIdentity,
    private readonly clock: Clock,
    private readonly recent: Pick<RecentLines, "add" | "addOwn">,
    /** Proves to another process of this name that this one is the node, and its uptime. */
    private readonly proofAt: (uptime: number) => PresenceProof | undefined = () => undefined,
    /** What an agent's heartbeat says of its placement. */
    private readonly placementOf: (agent: SupervisedAgent) => PlacementReport | undefined = () => undefined,
  ) {}

  nodeHeartbeat(vitals: NodeVitals): void {
    const { name, nodeId, instance, broker, version, labels, window, release } = this.node;
    const uptime = round(vitals.uptime);
    const topic = topics.nodeHeartbeat(name);
    const report = {
      node: name,
      node_id: nodeId,
      timestamp: this.#now(),
      agents: vitals.agents,
      agent_count: vitals.agents.length,
      broker: broker.host,
      instance,
      runtime: `deno ${Deno.version.deno}`,
      version,
      uptime,
      cpu: vitals.usage?.cpu ?? 0,
      memory_mb: vitals.usage?.memoryMb ?? 0,
      queue: vitals.queue,
      dropped: vitals.dropped,
      ...(vitals.connectedTo === undefined ? {} : { connected_to: vitals.connectedTo }),
      generations: vitals.generations,
      labels,
      ...(window === undefined ? {} : { window }),
      ...(release === undefined ? {} : { release }),
      presence: this.proofAt(uptime),
    };
    const limit = this.link.limitOf(topic);
    const payload = limit === undefined ? JSON.stringify(report) : shortHeartbeat(report, limit);
    this.#publish(topic, "heartbeat", payload, false);
  }

  /** Reports that the node ends in order. */
  nodeOffline(): void {
    const { name } = this.node;
    this.#json(topics.nodeHeartbeat(name), "control", {
      node: name,
      status: "offline",
      timestamp: this.#now(),
    });
    this.nodeStatus("offline");
  }

  /**
   * Reports the end of a node that was removed: without a heartbeat, which a main machine would take for a sign of life,
   * and without retained messages.
   */
  nodeRemoved(): void {
    this.nodeStatus("offline");
    this.clearRetained(topics.nodeStatus(this.node.name));
    this.clearRetained(topics.nodeDevices(this.node.name));
  }

  nodeStatus(status: "online" | "offline"): void {
    const { topic, payload } = statusMessage(this.node, status, this.clock, this.proofAt);
    this.#publish(topic, "control", payload, true);
  }

  /** Restores the retained status of another node of this name. */
  restoreStatus(kept: Uint8Array): void {
    this.#publish(topics.nodeStatus(this.node.name), "control", kept, true);
  }

  /** A line in the node's own log. */
  nodeLog(
    type: "spawned" | "installing" | "updated" | "stopped" | "log" | "error",
    message: string,
    details: Json = {},
  ): void {
    const { name } = this.node;
    const report = { type, message: cut(message), ...details, node: name, timestamp: this.#now() };
    this.recent.addOwn(report);
    this.#json(topics.nodeLogs(name), "control", report);
  }

  /** @param offer for another node that has asked whether an agent may move here */
  agentList(agents: readonly Json[], offer?: Json): void {
    const { name } = this.node;
    const said = { node: name, agents, timestamp: this.#now(), ...(offer === undefined ? {} : { offer }) };
    this.#json(topics.nodeAgents(name), "control", said);
  }

  /** The inventory of devices; retained. */
  nodeDevices(devices: NodeDevices): void {
    const { name } = this.node;
    const said = JSON.stringify({ node: name, ...devices, timestamp: this.#now() });
    this.#publish(topics.nodeDevices(name), "control", said, true);
  }

  /** Retained, so that it can be read while the node is off. */
  generation(fleet: string, report: Json): void {
    const { name } = this.node;
    const payload = JSON.stringify({ node: name, ...report, timestamp: this.#now() });
    this.#publish(topics.nodeGeneration(name, fleet), "control", payload, true);
  }

  migrateResult(result: Json): void {
    this.#json(topics.migrateResult(this.node.name), "control", { ...result, timestamp: this.#now() });
  }

  /** Something was refused. */
  audit(entry: Json): void {
    const { name } = this.node;
    this.#json(topics.nodeAudit(name), "control", { node: name, timestamp: this.#now(), ...entry });
  }

  reply(topic: string, value: unknown): void {
    this.#json(topic, "control", value);
  }

  /** @param changed whether the state has just changed: such a heartbeat is never superseded by the next */
  agentHeartbeat(
    agent: SupervisedAgent,
    state: VisibleState,
    usage: Usage | undefined,
    changed: boolean,
  ): void {
    this.#agent(agent, "heartbeat", changed ? "control" : "heartbeat", {
      actor_id: agent.actorId,
      name: agent.name,
      timestamp: this.#now(),
      state,
      node: this.node.name,
      cpu: usage?.cpu ?? 0,
      memory_mb: usage?.memoryMb ?? 0,
      task: state === "running" || state === "paused" ? agent.statusText ?? state : state,
      protected: false,
      ...this.placementOf(agent),
    });
  }

  agentStatus(agent: SupervisedAgent, state: VisibleState): void {
    this.#agent(agent, "status", "control", {
      actor_id: agent.actorId,
      name: agent.name,
      state,
      uptime: round(agent.uptime),
      messages_processed: messagesProcessed(agent),
      node: this.node.name,
      timestamp: this.#now(),
    });
  }

  agentMetrics(agent: SupervisedAgent): void {
    const { errors, tasksCompleted, tasksFailed } = agent.counters;
    this.#agent(agent, "metrics", "heartbeat", {
      actor_id: agent.actorId,
      messages_processed: messagesProcessed(agent),
      errors,
      uptime: round(agent.uptime),
      tasks_completed: tasksCompleted,
      tasks_failed: tasksFailed,
    });
  }

  agentError(agent: SupervisedAgent, report: ErrorReport | TaskError): Promise<void> {
    const { traceback, error, ...rest } = report;
    const said = {
      ...rest,
      error: cut(error),
      ...(traceback === undefined ? {} : { traceback: traceback.slice(0, MAX_TRACEBACK_CHARS) }),
    };
    const about = this.#about(agent);
    this.recent.add(agent.name, "errors", { ...said, timestamp: about.timestamp });
    return this.#agent(agent, "errors", "control", { ...said, ...about });
  }

  manifest(agent: SupervisedAgent, publishes: readonly string[]): void {
    const { description, capabilities, input_schema, output_schema } = agent.config;
    const manifest = {
      name: agent.name,
      actor_id: agent.actorId,
      node: this.node.name,
      description,
      capabilities,
      input_schema,
      output_schema,
      publishes,
      epoch: agent.config.epoch,
      timestamp: this.#now(),
    };
    this.#publish(topics.agent(agent.actorId, "manifest"), "control", JSON.stringify(manifest), true);
  }

  clearManifest(agent: SupervisedAgent): void {
    this.#publish(topics.agent(agent.actorId, "manifest"), "control", "", true);
  }

  /** Clears the retained command on `topic`, after it was carried out. */
  clearRetained(topic: string): void {
    this.#publish(topic, "control", "", true);
  }

  /** @param messageClass `control`: it must not wait behind what the agent has published */
  log(
    agent: SupervisedAgent,
    level: LogLevel,
    message: string,
    messageClass: "telemetry" | "control" = "telemetry",
  ): Promise<void> {
    const said = { type: "log", message: cut(message), level };
    const about = this.#about(agent);
    this.recent.add(agent.name, "logs", { ...said, timestamp: about.timestamp });
    return this.#agent(agent, "logs", messageClass, { ...said, ...about });
  }

  async alert(agent: SupervisedAgent, severity: Severity, message: string): Promise<void> {
    const alerted = this.#agent(agent, "alert", "telemetry", {
      message: cut(message),
      severity,
      ...this.#about(agent),
    });
    await Promise.all([alerted, this.log(agent, severity, message)]);
  }

  result(agent: SupervisedAgent, result: unknown): Promise<void> {
    const { name } = this.node;
    return this.#agent(agent, "results", "telemetry", {
      agent: agent.name,
      node: name,
      result,
      timestamp: this.#now(),
    });
  }

  /** @param retain whether late subscribers get it */
  reading(
    agent: SupervisedAgent,
    { reading, kind, value, unit }: MeasuredReading,
    retain: boolean,
  ): Promise<void> {
    const said = JSON.stringify({ reading, kind, value, unit, ...this.#about(agent) });
    return this.#publish(topics.reading(agent.actorId, reading), "telemetry", said, retain, agent.name);
  }

  /** @param retain as for `reading` */
  switchState(agent: SupervisedAgent, { switch: name, on }: SwitchState, retain: boolean): Promise<void> {
    const said = JSON.stringify({ switch: name, on, ...this.#about(agent) });
    return this.#publish(topics.switchState(agent.actorId, name), "telemetry", said, retain, agent.name);
  }

  async detection(agent: SupervisedAgent, detections: unknown): Promise<void> {
    const { name } = this.node;
    await Promise.all([
      this.#agent(agent, "detections", "telemetry", {
        agent: agent.name,
        node: name,
        detections,
        timestamp: this.#now(),
      }),
      this.#json(topics.detections(name, agent.name), "telemetry", detections, agent.name),
    ]);
  }

  #about(agent: SupervisedAgent): Json {
    return {
      agent: agent.name,
      timestamp: this.#now(),
      name: agent.name,
      actor_id: agent.actorId,
      node: this.node.name,
    };
  }

  #agent(
    agent: SupervisedAgent,
    report: AgentReport,
    messageClass: MessageClass,
    value: Json,
  ): Promise<void> {
    return this.#json(topics.agent(agent.actorId, report), messageClass, value, agent.name);
  }

  #json(topic: string, messageClass: MessageClass, value: unknown, source?: string): Promise<void> {
    return this.#publish(topic, messageClass, JSON.stringify(value), false, source);
  }

  #publish(
    topic: string,
    messageClass: MessageClass,
    payload: string | Uint8Array,
    retain: boolean,
    source?: string,
  ): Promise<void> {
    const whose = source === undefined || messageClass !== "telemetry" ? {} : { source };
    return this.link.publish({ topic, payload, qos: 1, retain, class: messageClass, ...whose });
  }

  #now(): number {
    return this.clock.epochSeconds();
  }
}

/** A `handle_task` that threw. */
export interface TaskError {
  readonly phase: "handle_task";
  readonly severity: "warning";
  readonly error: string;
  readonly traceback: string;
}

/** Counts `process()` calls, tasks, and messages of subscriptions. */
function messagesProcessed(agent: SupervisedAgent): number {
  const { processCalls, messages, tasksCompleted, tasksFailed } = agent.counters;
  return processCalls + messages + tasksCompleted + tasksFailed;
}

function cut(message: string): string {
  return message.length <= MAX_MESSAGE_CHARS ? message : `${message.slice(0, MAX_MESSAGE_CHARS - 1)}…`;
}
