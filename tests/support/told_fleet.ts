/** A fleet that exists only in words: the reports that nodes and agents would publish. For tests of what the page shows. */
import { actorId } from "../../protocol/ids.ts";
import type { Bus } from "./bus.ts";

/** What an agent reports of itself, beside its name and node. */
export interface ToldAgent {
  readonly state?: string;
  readonly cpu?: number;
  readonly memory_mb?: number;
  readonly task?: string;
}

export class ToldFleet {
  readonly #nodes = new Map<string, Set<string>>();

  constructor(private readonly bus: Bus) {}

  /** A heartbeat of a node, with the agents told so far. */
  async node(name: string, fields: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const agents = this.#nodes.get(name) ?? new Set();
    this.#nodes.set(name, agents);
    await this.bus.publish(`nodes/${name}/heartbeat`, {
      node: name,
      agents: [...agents],
      runtime: "deno",
      version: "0.2.0",
      cpu: 3.4,
      memory_mb: 88,
      uptime: 3600,
      queue: 0,
      dropped: 0,
      timestamp: Date.now() / 1000,
      labels: { site: "hall" },
      ...fields,
    });
  }

  /** A heartbeat of an agent. */
  async agent(node: string, name: string, { state = "running", ...fields }: ToldAgent = {}): Promise<string> {
    const id = actorId(name);
    const names = this.#nodes.get(node) ?? new Set();
    this.#nodes.set(node, names.add(name));
    await this.bus.publish(`agents/${id}/heartbeat`, {
      name,
      node,
      state,
      cpu: 1.5,
      memory_mb: 61,
      ...fields,
    });
    return id;
  }

  async log(node: string, agent: string, message: string, level = "info"): Promise<void> {
    const about = { agent, node, type: "log", timestamp: Date.now() / 1000 };
    await this.bus.publish(`agents/${actorId(agent)}/logs`, { ...about, message, level });
  }

  async error(
    node: string,
    agent: string,
    error: string,
    fields: Readonly<Record<string, unknown>> = {},
  ): Promise<void> {
    const about = { name: agent, agent, node, phase: "process", severity: "warning" };
    await this.bus.publish(`agents/${actorId(agent)}/errors`, { ...about, error, ...fields });
  }

  async alert(node: string, agent: string, message: string): Promise<void> {
    await this.bus.publish(`agents/${actorId(agent)}/alert`, { agent, node, message, severity: "warning" });
  }

  /** Three nodes with enough agents, errors and events that every list scrolls. */
  async crowd(agentsPerNode = 14): Promise<void> {
    for (const node of ["attic", "hall", "workshop-in-the-yard"]) {
      for (let number = 1; number <= agentsPerNode; number++) {
        const name = `${node.slice(0, 5)}_agent_${String(number).padStart(2, "0")}`;
        const state = ["running", "running", "paused", "failed", "stopped"][number % 5] ?? "running";
        await this.agent(node, name, { state, task: "reads the sensor at the door every other second" });
      }
      await this.node(node);
      const first = `${node.slice(0, 5)}_agent_01`;
      for (let number = 1; number <= 8; number++) {
        await this.log(
          node,
          first,
          `line ${number}: the sensor at the door answers, and all is as it should be`,
        );
        await this.error(
          node,
          first,
          `TypeError: cannot read the properties of undefined (reading 'value') #${number}`,
          {
            traceback: "TypeError: …\n    at process (agent.ts:3:9)",
            phase: "supervisor",
            restart_count: number,
          },
        );
        await this.alert(
          node,
          first,
          `it is ${number + 20} degrees at the door, which is above the limit of 20`,
        );
      }
    }
  }
}
