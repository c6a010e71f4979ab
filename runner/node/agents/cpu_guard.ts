/** Limits agents to their CPU share by briefly stopping them, where the kernel does not do so. */
import type { Clock } from "../../clock.ts";
import { beginThrottle, throttle, type Throttled } from "../../process/throttle.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";

export interface CpuGuardParts {
  readonly clock: Clock;
  readonly agents: () => readonly SupervisedAgent[];
  /** CPU seconds that a process has used; `undefined` when it has ended. */
  readonly measure: (pid: number) => number | undefined;
  /** In percent of one core; `undefined` for an agent without a limit. */
  readonly limitOf: (agent: SupervisedAgent) => number | undefined;
  readonly maxStopMs: number;
  /** Called with a message when an agent has been stopped. */
  readonly onHeld: (agent: SupervisedAgent, message: string) => void;
}

const TICK_MS = 50;
/** While no agent has a limit. */
const IDLE_MS = 1000;
/** The shortest time between two reports that an agent is throttled. */
const REMIND_MS = 60_000;

interface Held {
  readonly pid: number;
  readonly state: Throttled;
  /** The start of the period that the next message covers. */
  readonly since: { readonly nowMs: number; readonly cpuSeconds: number };
  readonly saidAtMs: number;
}

/** Invariant: a process without a limit, or about to end, is not stopped. */
export class CpuGuard {
  readonly #held = new Map<SupervisedAgent, Held>();

  constructor(private readonly parts: CpuGuardParts) {}

  /** Watches all agents until `signal` is aborted; then all resume. */
  async run(signal: AbortSignal): Promise<void> {
    while (await this.parts.clock.sleep(this.#held.size > 0 ? TICK_MS : IDLE_MS, signal)) this.#check();
    for (const agent of this.#held.keys()) agent.setStopped(false);
    this.#held.clear();
  }

  #check(): void {
    const limited = new Set<SupervisedAgent>();
    for (const agent of this.parts.agents()) {
      const percent = agent.isCpuLimited ? undefined : this.parts.limitOf(agent);
      const cpuSeconds = agent.pid === undefined || percent === undefined
        ? undefined
        : this.parts.measure(agent.pid);
      if (agent.pid === undefined || percent === undefined || cpuSeconds === undefined) continue;
      limited.add(agent);
      this.#hold(agent, agent.pid, percent, cpuSeconds);
    }
    for (const agent of this.#held.keys()) if (!limited.has(agent)) this.#held.delete(agent);
  }

  #hold(agent: SupervisedAgent, pid: number, percent: number, cpuSeconds: number): void {
    const sample = { nowMs: this.parts.clock.monotonicMs(), cpuSeconds };
    const known = this.#held.get(agent);
    if (known === undefined || known.pid !== pid) {
      this.#held.set(agent, { pid, state: beginThrottle(sample), since: sample, saidAtMs: -Infinity });
      return;
    }
    const state = throttle(known.state, sample, percent, this.parts.maxStopMs);
    const stops = state.stoppedAtMs !== undefined;
    if (stops !== (known.state.stoppedAtMs !== undefined)) agent.setStopped(stops);
    const isSaid = stops && sample.nowMs - known.saidAtMs >= REMIND_MS;
    if (isSaid) {
      const seconds = Math.max((sample.nowMs - known.since.nowMs) / 1000, 0.001);
      const used = (sample.cpuSeconds - known.since.cpuSeconds) / seconds * 100;
      this.parts.onHeld(
        agent,
        `cpu limit: ${used.toFixed(1)} % of a core used, ${percent} % allowed: throttled`,
      );
    }
    this.#held.set(agent, {
      ...known,
      state,
      ...(isSaid ? { saidAtMs: sample.nowMs, since: sample } : {}),
    });
  }
}
