/** Which nodes and agents there are and how they fare, built from bus messages. No I/O, no timers: the caller passes in messages and the time. */
import { Fleet } from "../../../fleet/fleet.ts";
import { isName, nameIn } from "../../../../protocol/names.ts";
import { type AgentView, hasEnded, type NodeState, type NodeView, stateOf } from "../../../fleet/views.ts";
import type { LogLine as LogLineOfNode } from "../../../operations/reports.ts";
import type { AgentDto, History, NodeDto, Reading, Spark } from "../../wire.ts";
import type { Change } from "./change.ts";
import { Chronicle, HISTORY_SECONDS } from "./chronicle.ts";
import { Dtos } from "./dto.ts";
import { Farewells } from "./farewells.ts";
import { readFields } from "./fields.ts";
import { NO_WITNESS, type Past, type Witness } from "./past.ts";
import { type LatestReading, Readings } from "./readings.ts";
import { Reports } from "./reports.ts";
import { Spawns } from "./spawns.ts";
import { agentHappening, migrationHappening, nodeHappening } from "./timeline.ts";
import { Usage } from "./usage.ts";

/** How long to show agents that have ended, seconds: an operator may only look the next morning. */
export const ENDED_SECONDS = 24 * 3600;
/**
 * Limit for agents that no node lists: those of the main machine and, after a start, all agents until their nodes have
 * reported. Limited because any client can invent more.
 */
const MAX_STRANGERS = 2000;
/** Maximum nodes whose first appearance is remembered. */
const MAX_NODES = 10_000;

export class Model {
  readonly fleet: Fleet = new Fleet({
    maxStrangers: MAX_STRANGERS,
    onEvicted: (actorId) => this.#evicted.push(this.#gone(actorId)),
  });
  readonly chronicle = new Chronicle();
  readonly spawns: Spawns;
  readonly #reports = new Reports(this.fleet, this.chronicle);
  readonly #readings = new Readings();
  /** Evictions that have not been reported yet. */
  readonly #evicted: Change[] = [];
  /** CPU and memory of agents by `actor_id`, and of nodes by name. */
  readonly #usage = new Usage(HISTORY_SECONDS);
  /** Start of the uninterrupted time in which this server could hear each node, epoch seconds. */
  readonly #listeningSince = new Map<string, number>();
  readonly #farewells = new Farewells();
  readonly #dtos = new Dtos();
  /** Agents known from before a restart, that have not been heard of since; by `actor_id`. */
  readonly #recalled = new Set<string>();
  /** When the last message came, epoch seconds. */
  #now = 0;

  constructor(private readonly witness: Witness = NO_WITNESS) {
    this.spawns = new Spawns((config) => this.witness.config(config, "node", undefined, this.#now));
  }

  /** Takes what was known before a restart. Call it first. */
  restore(past: Past, nowMs: number): void {
    this.#now = nowMs / 1000;
    this.chronicle.restore(past);
    this.fleet.restore(past.nodes, past.agents);
    // Nodes have not been heard yet: wait for their next heartbeats before calling them stale.
    for (const { name } of this.fleet.nodes) this.#listeningSince.set(name, this.#now);
    for (const { actorId } of this.fleet.agents) this.#recalled.add(actorId);
  }

  /** Processes a message. @param nowMs when it arrived */
  apply(topic: string, payload: Uint8Array, nowMs: number): Change[] {
    const changes = this.#apply(topic, payload, nowMs);
    return [...changes, ...this.#evicted.splice(0)];
  }

  #apply(topic: string, payload: Uint8Array, nowMs: number): Change[] {
    const [root, id = "", report, ...rest] = topic.split("/");
    if (root === "agents" && report === "readings" && rest.length === 1 && isName(id)) {
      this.#readings.add(topic, payload, nowMs / 1000);
      return [];
    }
    if (rest.length > 0 || report === undefined || !isName(id)) return [];
    const now = nowMs / 1000;
    this.#now = now;
    if (root === "nodes") return this.#onNode(id, report, topic, payload, now);
    if (root !== "agents") return [];
    switch (report) {
      case "logs":
        return this.#reports.log(id, payload, now);
      case "alert":
        return this.#reports.alert(id, payload, now);
      case "errors":
        return [...this.#onAgent(id, topic, payload, now), ...this.#reports.error(id, payload, now)];
      case "results":
      case "detections":
        this.#onReading(topic, payload, now);
        return [];
      default:
        return this.#onAgent(id, topic, payload, now);
    }
  }

  /** Processes a message on an agent's own topic. */
  applyReading(topic: string, payload: Uint8Array, nowMs: number): void {
    this.#onReading(topic, payload, nowMs / 1000);
  }

  #onReading(topic: string, payload: Uint8Array, now: number): void {
    for (const { field, unit, value } of this.#readings.add(topic, payload, now)) {
      this.witness.number({ owner: "", topic, field }, unit, now, value);
    }
  }

  #onUsage(owner: string, cpu: number | undefined, memoryMb: number | undefined, now: number): void {
    this.#usage.add(owner, cpu, memoryMb, now);
    if (cpu !== undefined) this.witness.number({ owner, topic: "", field: "cpu" }, "%", now, cpu);
    if (memoryMb !== undefined) {
      this.witness.number({ owner, topic: "", field: "memory_mb" }, "MB", now, memoryMb);
    }
  }

  /** Call when the connection to the broker is lost or restored. @returns the resulting changes */
  noteBroker(isConnected: boolean, nowMs: number): Change[] {
    const outage = this.#farewells.noteBroker(isConnected, nowMs);
    if (outage === undefined) return [];
    const about = { node: null, agent: null, actor_id: null };
    const told = this.chronicle.event(outage, about, nowMs / 1000);
    if (!isConnected) return [told];
    // Nodes could not be heard in the meantime: wait for their next heartbeats before calling them stale.
    for (const { name } of this.fleet.nodes) this.#listeningSince.set(name, nowMs / 1000);
    this.#dtos.forgetNodes();
    return [told, ...this.fleet.nodes.map(({ name }): Change => ({ kind: "node", name }))];
  }

  /** Adds errors from a node's memory that predate this server. */
  recall(node: string, lines: readonly LogLineOfNode[], nowMs: number): Change[] {
    return this.#reports.recall(node, lines, nowMs / 1000);
  }

  /** Applies last wills that nothing has contradicted in time. */
  settle(nowMs: number): Change[] {
    return this.#farewells.due(nowMs).flatMap(({ name, topic, payload }) =>
      this.#onNodeReport(name, "status", topic, payload, nowMs / 1000)
    );
  }

  /** Forgets agents that have been silent too long. */
  expire(nowMs: number): Change[] {
    const silent = this.fleet.agents.filter((agent) => {
      const patience = hasEnded(agent) ? ENDED_SECONDS : HISTORY_SECONDS;
      return agent.lastSeenMs !== undefined && nowMs - agent.lastSeenMs > patience * 1000;
    });
    return silent.flatMap(({ actorId, node }) => {
      this.fleet.forgetAgent(actorId, node);
      return this.fleet.agent(actorId) === undefined ? [this.#gone(actorId)] : [];
    });
  }

  /** Forgets one agent. */
  forget(actorId: string): Change {
    this.fleet.forgetAgent(actorId);
    return this.#gone(actorId);
  }

  #gone(actorId: string): Change {
    this.#usage.forget(actorId);
    return { kind: "gone", actorId };
  }

  get nodes(): readonly NodeDto[] {
    return this.fleet.nodes.map((node) => this.#nodeDto(node));
  }

  get agents(): readonly AgentDto[] {
    const ids = new Set(this.fleet.agents.map(({ actorId }) => actorId));
    return [...ids].flatMap((id) => this.agent(id) ?? []);
  }

  node(name: string): NodeDto | undefined {
    const node = this.fleet.node(name);
    return node === undefined ? undefined : this.#nodeDto(node);
  }

  /** A node counts as online after its birth message until its first heartbeat is overdue. */
  nodeState(name: string, nowMs: number): NodeState {
    const node = this.fleet.node(name);
    if (node === undefined) return "offline";
    const lastSeenMs = Math.max(node.lastSeenMs ?? 0, (this.#listeningSince.get(name) ?? 0) * 1000);
    return stateOf({ ...node, lastSeenMs }, nowMs);
  }

  agent(actorId: string): AgentDto | undefined {
    const agent = this.fleet.agent(actorId);
    return agent === undefined ? undefined : this.#agentDto(agent);
  }

  /** The past hour of an agent (by `actor_id`) or a node (by name). */
  history(key: string, nowMs: number): History {
    return this.#usage.history(key, nowMs / 1000);
  }

  sparks(): Readonly<Record<string, Spark>> {
    return Object.fromEntries(this.fleet.agents.flatMap(({ actorId }) => {
      const spark = this.#usage.spark(actorId);
      return spark === undefined ? [] : [[actorId, spark]];
    }));
  }

  readings(actorId: string, nowMs: number): Reading[] {
    return this.#readings.of(this.readingTopics(actorId), nowMs / 1000);
  }

  /** The topics on which an agent publishes numbers. */
  readingTopics(actorId: string): readonly string[] {
    return [
      ...this.agent(actorId)?.topics ?? [],
      `agents/${actorId}/results`,
      `agents/${actorId}/detections`,
    ];
  }

  /** The newest values of a field, on the topics that match the filter. */
  latestReadings(filter: string, field: string): LatestReading[] {
    return this.#readings.latest(filter, field);
  }

  #nodeDto(node: NodeView): NodeDto {
    return this.#dtos.node(node, this.#listeningSince.get(node.name) ?? 0);
  }

  #agentDto(agent: AgentView): AgentDto {
    const alsoOn = this.fleet.instances(agent.actorId)
      .filter((other) =>
        other.node !== agent.node && !hasEnded(other) && this.fleet.node(other.node ?? "")?.isOnline
      )
      .flatMap(({ node }) => node ?? []);
    return this.#dtos.agent(agent, alsoOn);
  }

  #onNode(name: string, report: string, topic: string, payload: Uint8Array, now: number): Change[] {
    switch (report) {
      case "spawn":
      case "desired_state":
        for (const config of this.spawns.add(payload)) this.witness.config(config, report, name, now);
        return [];
      case "migrate_result": {
        const fields = readFields(payload);
        if (fields === undefined) return [];
        const agent = nameIn(fields.agent);
        const about = { node: name, agent: agent ?? null, actor_id: this.#reports.idOf(agent ?? null) };
        return [this.chronicle.event(migrationHappening(fields), about, now)];
      }
      default: {
        const isHeld = this.fleet.node(name)?.isOnline === true &&
          this.#farewells.holds({ name, report, topic, payload }, now * 1000);
        return isHeld ? [] : this.#onNodeReport(name, report, topic, payload, now);
      }
    }
  }

  #onNodeReport(name: string, report: string, topic: string, payload: Uint8Array, now: number): Change[] {
    const before = this.fleet.node(name);
    const change = this.fleet.apply(topic, payload, now * 1000);
    if (change?.kind !== "node") return [];
    if (before === undefined && this.#listeningSince.size < MAX_NODES) this.#listeningSince.set(name, now);
    if (report === "heartbeat" && change.node.isOnline) {
      this.#onUsage(name, change.node.cpu, change.node.memoryMb, now);
    }
    const happening = nodeHappening(before, change.node);
    const about = { node: name, agent: null, actor_id: null };
    return [
      { kind: "node", name },
      ...(happening === undefined ? [] : [this.chronicle.event(happening, about, now)]),
      ...this.#endedMeanwhile(change.node),
    ];
  }

  /** Forgets agents that ran on a node before a restart, and that it does not list now: they have ended unseen. */
  #endedMeanwhile({ name, isOnline, lastSeenMs, agents }: NodeView): Change[] {
    if (!isOnline || lastSeenMs !== this.#now * 1000) return [];
    return [...this.#recalled].flatMap((id) => {
      const agent = this.fleet.agent(id);
      if (agent !== undefined && agent.node !== name) return [];
      this.#recalled.delete(id);
      return agent === undefined || hasEnded(agent) || agents.includes(agent.name) ? [] : [this.forget(id)];
    });
  }

  #onAgent(actorId: string, topic: string, payload: Uint8Array, now: number): Change[] {
    const before = this.fleet.agent(actorId);
    const change = this.fleet.apply(topic, payload, now * 1000);
    if (change?.kind !== "agent") return [];
    const { agent } = change;
    this.#recalled.delete(actorId);
    if (topic.endsWith("/heartbeat")) this.#onUsage(actorId, agent.cpu, agent.memoryMb, now);
    const happening = agentHappening(before, agent);
    const about = { node: agent.node ?? null, agent: agent.name, actor_id: actorId };
    return [
      { kind: "agent", actorId, report: topic.slice(topic.lastIndexOf("/") + 1) },
      ...(happening === undefined ? [] : [this.chronicle.event(happening, about, now)]),
    ];
  }
}
