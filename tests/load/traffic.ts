/** What a large fleet says: heartbeats of nodes and agents, and log lines, spread evenly over time. */
import mqtt, { type MqttClient } from "mqtt";
import { actorId } from "../../protocol/ids.ts";
import { topics } from "../../protocol/topics.ts";

export interface FleetSize {
  readonly nodes: number;
  readonly agents: number;
  readonly logLinesPerSecond: number;
}

const HEARTBEAT_MS = 10_000;
const TICK_MS = 20;

interface SimulatedAgent {
  readonly id: string;
  readonly name: string;
  readonly node: string;
}

/** Invariant: publishes what is due by the clock, however late a tick comes. */
export class Traffic implements AsyncDisposable {
  readonly #agents: readonly SimulatedAgent[];
  readonly #nodes: readonly string[];
  #timer: ReturnType<typeof setInterval> | undefined;
  #startMs = 0;
  #heartbeats = 0;
  #lines = 0;
  #published = 0;

  private constructor(private readonly client: MqttClient, private readonly size: FleetSize) {
    this.#nodes = Array.from({ length: size.nodes }, (_, index) => `node-${String(index).padStart(3, "0")}`);
    this.#agents = Array.from({ length: size.agents }, (_, index) => {
      const name = `agent-${String(index).padStart(4, "0")}`;
      return { id: actorId(name), name, node: this.#nodes[index % size.nodes] ?? "node-000" };
    });
  }

  static async connect(port: number, size: FleetSize): Promise<Traffic> {
    return new Traffic(await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 4 }), size);
  }

  get published(): number {
    return this.#published;
  }

  get lines(): number {
    return this.#lines;
  }

  /** Everybody says once that it is there. */
  async announce(): Promise<void> {
    for (const node of this.#nodes) {
      this.#publish(topics.nodeStatus(node), { node, status: "online", timestamp: seconds() });
    }
    for (const node of this.#nodes) this.#nodeHeartbeat(node);
    for (const agent of this.#agents) {
      this.#publish(topics.agent(agent.id, "manifest"), {
        ...about(agent),
        description: "simulated",
        publishes: [],
      });
      this.#agentHeartbeat(agent);
    }
    await this.client.publishAsync("load/announced", "", { qos: 1 });
  }

  start(): void {
    this.#startMs = performance.now();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** Says nothing more. */
  stop(): void {
    clearInterval(this.#timer);
  }

  /** Something that every browser is told of at once. */
  probe(text: string): void {
    const [agent] = this.#agents;
    if (agent === undefined) return;
    this.#publish(topics.agent(agent.id, "alert"), { ...about(agent), message: text, severity: "info" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    await this.client.endAsync(true);
  }

  #tick(): void {
    const elapsedMs = performance.now() - this.#startMs;
    const { nodes, agents, logLinesPerSecond } = this.size;
    const dueHeartbeats = Math.floor(elapsedMs / HEARTBEAT_MS * (nodes + agents));
    for (; this.#heartbeats < dueHeartbeats; this.#heartbeats++) {
      const index = this.#heartbeats % (nodes + agents);
      const node = this.#nodes[index];
      const agent = this.#agents[index - nodes];
      if (node !== undefined) this.#nodeHeartbeat(node);
      else if (agent !== undefined) {
        this.#agentHeartbeat(agent);
        this.#publish(topics.agent(agent.id, "metrics"), {
          actor_id: agent.id,
          messages_processed: this.#heartbeats,
          errors: 0,
          uptime: elapsedMs / 1000,
        });
      }
    }
    const dueLines = Math.floor(elapsedMs / 1000 * logLinesPerSecond);
    for (; this.#lines < dueLines; this.#lines++) {
      const agent = this.#agents[(this.#lines * 7919) % agents];
      if (agent === undefined) continue;
      const message = `line ${this.#lines}: reading taken, value ${(this.#lines * 37) % 1000}, all well`;
      this.#publish(topics.agent(agent.id, "logs"), { type: "log", level: "info", message, ...about(agent) });
    }
  }

  #nodeHeartbeat(node: string): void {
    const names = this.#agents.filter((agent) => agent.node === node).map(({ name }) => name);
    const payload = {
      node,
      agents: names,
      agent_count: names.length,
      cpu: 1,
      memory_mb: 90,
      queue: 0,
      dropped: 0,
      uptime: 1,
      version: "0.1.0",
    };
    this.#publish(topics.nodeHeartbeat(node), { ...payload, timestamp: seconds() });
  }

  #agentHeartbeat(agent: SimulatedAgent): void {
    const load = { cpu: Math.random() * 20, memory_mb: 40 + Math.random() * 10 };
    this.#publish(topics.agent(agent.id, "heartbeat"), {
      ...about(agent),
      ...load,
      state: "running",
      task: "running",
      protected: false,
    });
  }

  #publish(topic: string, payload: unknown): void {
    this.#published += 1;
    this.client.publish(topic, JSON.stringify(payload), { qos: 0 });
  }
}

function about({ id, name, node }: SimulatedAgent) {
  return { actor_id: id, name, agent: name, node, timestamp: seconds() };
}

function seconds(): number {
  return Date.now() / 1000;
}
