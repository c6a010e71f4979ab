/** The regular signs of life, of the node and of each agent. */
import { HEARTBEAT_INTERVAL_MS } from "../../../protocol/heartbeat.ts";
import type { Clock } from "../../clock.ts";
import type { Link } from "../../link/link.ts";
import type { ProcStats, Usage } from "../../process/proc_stats.ts";
import type { VisibleState } from "../../supervisor/state.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";
import type { Reporter } from "./reporter.ts";

export interface VitalsParts {
  readonly reporter: Reporter;
  readonly stats: ProcStats;
  readonly link: Pick<Link, "queued" | "dropped" | "address">;
  readonly clock: Clock;
  readonly agents: () => readonly SupervisedAgent[];
  /** Which generation of each fleet is in force here. */
  readonly generations: () => Readonly<Record<string, string>>;
  /** The node has reported itself. */
  readonly onReported: () => void;
}

/** Status changes within this time go into one heartbeat. */
const STATUS_BURST_MS = 50;

export class Vitals {
  readonly #startedMs: number;
  readonly #statusPending = new Set<SupervisedAgent>();

  constructor(private readonly parts: VitalsParts) {
    this.#startedMs = parts.clock.monotonicMs();
  }

  /** Reports until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (await this.parts.clock.rest(HEARTBEAT_INTERVAL_MS, signal)) {
      this.reportNode();
      const pids = this.parts.agents().flatMap(({ pid }) => pid ?? []);
      this.parts.stats.keepOnly(new Set([Deno.pid, ...pids]));
      for (const agent of this.parts.agents()) {
        this.#report(agent, false);
        this.parts.reporter.agentMetrics(agent);
      }
    }
  }

  reportNode(): void {
    const { reporter, clock, stats, link, agents } = this.parts;
    reporter.nodeHeartbeat({
      agents: agents().map((agent) => agent.name),
      uptime: (clock.monotonicMs() - this.#startedMs) / 1000,
      usage: stats.measure(Deno.pid),
      queue: link.queued,
      dropped: link.dropped,
      connectedTo: link.address,
      generations: this.parts.generations(),
    });
    this.parts.onReported();
  }

  /** The agent's state has changed. */
  reportState(agent: SupervisedAgent, state: VisibleState): void {
    this.parts.reporter.agentHeartbeat(agent, state, this.measure(agent), true);
    this.parts.reporter.agentStatus(agent, state);
  }

  /** What the agent calls its task has changed. */
  async reportStatusText(agent: SupervisedAgent): Promise<void> {
    if (this.#statusPending.has(agent)) return;
    this.#statusPending.add(agent);
    await this.parts.clock.sleep(STATUS_BURST_MS);
    this.#statusPending.delete(agent);
    if (agent.pid !== undefined) this.#report(agent, true);
  }

  /** Sends a heartbeat of the agent now. */
  beat(agent: SupervisedAgent): void {
    this.#report(agent, true);
  }

  /** An agent without a process uses nothing. */
  measure(agent: SupervisedAgent): Usage | undefined {
    return agent.pid === undefined ? undefined : this.parts.stats.measure(agent.pid);
  }

  #report(agent: SupervisedAgent, changed: boolean): void {
    const state = agent.visibleState;
    if (state !== undefined) this.parts.reporter.agentHeartbeat(agent, state, this.measure(agent), changed);
  }
}
