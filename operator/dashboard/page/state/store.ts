/** Everything the page knows: filled by the live connection, read by the views. */
import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import {
  type AgentDto,
  type AlertEntry,
  type BrokerStatus,
  type Delta,
  type Drops,
  type Entry,
  type ErrorEntry,
  errorsFirst,
  type LogLine,
  type NodeDto,
  type ServerMessage,
  type Snapshot,
  type TimelineEvent,
  type ViewerSession,
} from "../../wire.ts";

/** Maximum entries of a kind that the page holds; the server's history has more. */
const MAX_ENTRIES = 2000;
const MAX_LOGS = 2000;
const SPARK_SAMPLES = 30;

export interface SparkLine {
  readonly cpu: number[];
  readonly memory: number[];
}

/** The state of the live connection, for display. */
export type LinkState = "connecting" | "live" | "silent" | "lost";

/** Invariants: a message is applied as a whole, then the views update once; lists are in order of `seq`, without duplicates. */
export class Store {
  /** Increases with every change of `nodes`, `agents` and `sparks`, which are changed in place. */
  readonly fleet: Signal<number> = signal(0);
  readonly nodes: Map<string, NodeDto> = new Map();
  readonly agents: Map<string, AgentDto> = new Map();
  readonly sparks: Map<string, SparkLine> = new Map();
  readonly events: Signal<readonly TimelineEvent[]> = signal([]);
  readonly alerts: Signal<readonly AlertEntry[]> = signal([]);
  readonly errors: Signal<readonly ErrorEntry[]> = signal([]);
  readonly logs: Signal<readonly LogLine[]> = signal([]);
  /** Number of matching lines that the server left out since the filter was set. */
  readonly logsLeftOut: Signal<number> = signal(0);
  readonly drops: Signal<Drops> = signal({ log_lines: 0, log_lines_not_kept: 0, log_rate: 0 });
  readonly broker: Signal<BrokerStatus | null> = signal(null);
  readonly session: Signal<ViewerSession | null> = signal(null);
  /** Changes whenever rules or notices do. */
  readonly notices: Signal<number> = signal(0);
  readonly link: Signal<LinkState> = signal("connecting");
  /** Whether the server requires a token first. */
  readonly needsToken: Signal<boolean> = signal(false);
  readonly #now = signal(Date.now() / 1000);
  #heardAt = 0;
  readonly #judged = computed(() => {
    const broker = this.broker.value;
    const now = this.link.value === "live" ? this.#now.value : this.#heardAt;
    return broker?.connected === false ? Math.min(now, broker.since) : now;
  });
  /** How far the server's clock is ahead of this one, seconds. */
  #clockOffset = 0;

  /** Epoch seconds by the server's clock; updated once a second. */
  get now(): ReadonlySignal<number> {
    return this.#now;
  }

  /**
   * The time up to which the states of nodes and agents are known, epoch seconds. It stops while the server has no
   * broker or this page has no server: silence then does not mean that a node is gone.
   */
  get judged(): ReadonlySignal<number> {
    return this.#judged;
  }

  tick(): void {
    this.#now.value = Date.now() / 1000 + this.#clockOffset;
  }

  /** Subscribes the caller to the fleet. */
  watchFleet(): void {
    void this.fleet.value;
  }

  apply(message: ServerMessage): void {
    batch(() => {
      this.#heardAt = message.now;
      this.#clockOffset = message.now - Date.now() / 1000;
      this.tick();
      if (message.type === "snapshot") this.#reset(message);
      else this.#change(message);
    });
  }

  /** Adds older lines, for instance from the history. */
  addLogs(lines: readonly LogLine[]): void {
    this.logs.value = errorsFirst(merged(this.logs.value, lines, Infinity), MAX_LOGS);
  }

  clearLogs(): void {
    batch(() => {
      this.logs.value = [];
      this.logsLeftOut.value = 0;
    });
  }

  addEvents(events: readonly TimelineEvent[]): void {
    this.events.value = merged(this.events.value, events, MAX_ENTRIES * 3);
  }

  addAlerts(alerts: readonly AlertEntry[]): void {
    this.alerts.value = merged(this.alerts.value, alerts, MAX_ENTRIES);
  }

  addErrors(errors: readonly ErrorEntry[]): void {
    this.errors.value = merged(this.errors.value, errors, MAX_ENTRIES * 2);
  }

  #reset(snapshot: Snapshot): void {
    this.nodes.clear();
    this.agents.clear();
    this.sparks.clear();
    for (const node of snapshot.nodes) this.nodes.set(node.name, node);
    for (const agent of snapshot.agents) this.agents.set(agent.actor_id, agent);
    for (const [id, { cpu, memory }] of Object.entries(snapshot.sparks)) {
      this.sparks.set(id, { cpu: [...cpu], memory: [...memory] });
    }
    this.events.value = snapshot.events;
    this.alerts.value = snapshot.alerts;
    this.errors.value = snapshot.errors;
    this.broker.value = snapshot.broker;
    this.session.value = snapshot.session;
    this.drops.value = snapshot.drops;
    this.notices.value = snapshot.notices;
    this.fleet.value += 1;
  }

  #change(delta: Delta): void {
    this.drops.value = delta.drops;
    if (delta.broker !== undefined) this.broker.value = delta.broker;
    if (delta.notices !== undefined) this.notices.value = delta.notices;
    for (const node of delta.nodes ?? []) this.nodes.set(node.name, node);
    for (const agent of delta.agents ?? []) {
      const before = this.agents.get(agent.actor_id);
      this.agents.set(agent.actor_id, agent);
      if (agent.last_seen !== before?.last_seen) this.#sample(agent);
    }
    for (const id of delta.gone ?? []) {
      this.agents.delete(id);
      this.sparks.delete(id);
    }
    if (delta.nodes !== undefined || delta.agents !== undefined || delta.gone !== undefined) {
      this.fleet.value += 1;
    }
    if (delta.events !== undefined) this.addEvents(delta.events);
    if (delta.alerts !== undefined) this.addAlerts(delta.alerts);
    if (delta.errors !== undefined) this.addErrors(delta.errors);
    if (delta.logs !== undefined) this.addLogs(delta.logs);
    if (delta.logs_left_out !== undefined) this.logsLeftOut.value += delta.logs_left_out;
  }

  #sample({ actor_id, cpu, memory_mb }: AgentDto): void {
    const spark = this.sparks.get(actor_id) ?? { cpu: [], memory: [] };
    spark.cpu.push(cpu ?? 0);
    spark.memory.push(memory_mb ?? 0);
    if (spark.cpu.length > SPARK_SAMPLES) spark.cpu.shift();
    if (spark.memory.length > SPARK_SAMPLES) spark.memory.shift();
    this.sparks.set(actor_id, spark);
  }
}

/** Merges two lists in order of `seq`; drops the oldest if there are too many. */
export function merged<T extends Entry>(a: readonly T[], b: readonly T[], max: number): readonly T[] {
  const lastOfA = a.at(-1)?.seq ?? 0;
  const firstOfB = b[0]?.seq ?? 0;
  let all: readonly T[];
  if (b.length === 0) all = a;
  else if (firstOfB > lastOfA) all = [...a, ...b];
  else {
    const bySeq = new Map([...a, ...b].map((entry) => [entry.seq, entry]));
    all = [...bySeq.values()].sort((x, y) => x.seq - y.seq);
  }
  return all.length > max ? all.slice(-max) : all;
}
