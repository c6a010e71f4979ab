/** Limits agents to their CPU shares, and all of them to theirs, by briefly stopping them, where the kernel does not do so. */
import type { Clock } from "../../clock.ts";
import { levelOf } from "../../process/cpu_level.ts";
import { beginThrottle, throttle, type Throttled } from "../../process/throttle.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";

export interface CpuGuardParts {
  readonly clock: Clock;
  readonly agents: () => readonly SupervisedAgent[];
  /** CPU seconds that a process has used; `undefined` when it has ended. */
  readonly measure: (pid: number) => number | undefined;
  /** In percent of one core; `undefined` for an agent without a limit. */
  readonly limitOf: (agent: SupervisedAgent) => number | undefined;
  /** Of all agents together, in percent of one core. */
  readonly totalPercent: number;
  readonly maxStopMs: number;
  /** Called with a message when an agent has been stopped. */
  readonly onHeld: (agent: SupervisedAgent, message: string) => void;
}

const TICK_MS = 50;
/** While no agent is limited; also how often the share of each agent in the total is worked out. */
const IDLE_MS = 1000;
/** The shortest time between two reports that an agent is throttled. */
const REMIND_MS = 60_000;

interface Sample {
  readonly nowMs: number;
  readonly cpuSeconds: number;
}

interface Held {
  readonly pid: number;
  readonly state: Throttled;
  /** The start of the period that the next message covers. */
  readonly since: Sample;
  readonly saidAtMs: number;
}

/** A process and how much CPU it had used when the shares were last worked out. */
interface Counted extends Sample {
  readonly pid: number;
}

/** What an agent is held to. */
interface Allowance {
  /** Of one core. */
  readonly percent: number;
  /** Whether this is its share of the total, rather than its own limit. */
  readonly isShare: boolean;
}

/** Invariant: a process without a limit, or about to end, is not stopped. */
export class CpuGuard {
  readonly #held = new Map<SupervisedAgent, Held>();
  #counted = new Map<SupervisedAgent, Counted>();
  #countedAtMs = -Infinity;
  /** The most that any agent may use, so that all stay within the total; `undefined` while no such limit is needed. */
  #level: number | undefined;

  constructor(private readonly parts: CpuGuardParts) {}

  /** Watches all agents until `signal` is aborted; then all resume. */
  async run(signal: AbortSignal): Promise<void> {
    while (await this.#wait(signal)) this.#check();
    for (const agent of this.#held.keys()) agent.setStopped(false);
    this.#held.clear();
  }

  #wait(signal: AbortSignal): Promise<boolean> {
    const { clock } = this.parts;
    return this.#held.size > 0 ? clock.sleep(TICK_MS, signal) : clock.rest(IDLE_MS, signal);
  }

  #check(): void {
    const nowMs = this.parts.clock.monotonicMs();
    const limitable = this.parts.agents().filter(({ pid, isCpuLimited }) =>
      pid !== undefined && !isCpuLimited
    );
    if (nowMs - this.#countedAtMs >= IDLE_MS) this.#count(limitable, nowMs);
    const limited = new Set<SupervisedAgent>();
    for (const agent of limitable) {
      const allowance = this.#allowanceOf(agent);
      const cpuSeconds = allowance === undefined ? undefined : this.parts.measure(agent.pid ?? 0);
      if (agent.pid === undefined || allowance === undefined || cpuSeconds === undefined) continue;
      limited.add(agent);
      this.#hold(agent, agent.pid, allowance, { nowMs, cpuSeconds });
    }
    for (const agent of this.#held.keys()) if (!limited.has(agent)) this.#release(agent);
  }

  /** Works out the level from what each agent has used since the last time. */
  #count(agents: readonly SupervisedAgent[], nowMs: number): void {
    const { measure, totalPercent } = this.parts;
    const before = this.#counted;
    this.#counted = new Map();
    this.#countedAtMs = nowMs;
    const uses = agents.flatMap((agent) => {
      const pid = agent.pid ?? 0;
      const cpuSeconds = measure(pid);
      if (cpuSeconds === undefined) return [];
      this.#counted.set(agent, { pid, nowMs, cpuSeconds });
      const last = before.get(agent);
      if (last?.pid !== pid) return [];
      const percent = (cpuSeconds - last.cpuSeconds) / (nowMs - last.nowMs) * 100_000;
      return [{ percent, heldTo: this.#level }];
    });
    this.#level = levelOf(uses, totalPercent);
  }

  #allowanceOf(agent: SupervisedAgent): Allowance | undefined {
    const own = this.parts.limitOf(agent);
    const level = this.#level;
    if (level !== undefined && level < (own ?? Infinity)) return { percent: level, isShare: true };
    return own === undefined ? undefined : { percent: own, isShare: false };
  }

  #release(agent: SupervisedAgent): void {
    if (this.#held.get(agent)?.state.stoppedAtMs !== undefined && agent.pid !== undefined) {
      agent.setStopped(false);
    }
    this.#held.delete(agent);
  }

  #hold(agent: SupervisedAgent, pid: number, allowance: Allowance, sample: Sample): void {
    const known = this.#held.get(agent);
    if (known === undefined || known.pid !== pid) {
      this.#held.set(agent, { pid, state: beginThrottle(sample), since: sample, saidAtMs: -Infinity });
      return;
    }
    const state = throttle(known.state, sample, allowance.percent, this.parts.maxStopMs);
    const stops = state.stoppedAtMs !== undefined;
    if (stops !== (known.state.stoppedAtMs !== undefined)) agent.setStopped(stops);
    const isSaid = stops && sample.nowMs - known.saidAtMs >= REMIND_MS;
    if (isSaid) this.parts.onHeld(agent, `${this.#words(known.since, sample, allowance)}: throttled`);
    this.#held.set(agent, {
      ...known,
      state,
      ...(isSaid ? { saidAtMs: sample.nowMs, since: sample } : {}),
    });
  }

  #words(since: Sample, now: Sample, { percent, isShare }: Allowance): string {
    const seconds = Math.max((now.nowMs - since.nowMs) / 1000, 0.001);
    const used = ((now.cpuSeconds - since.cpuSeconds) / seconds * 100).toFixed(1);
    if (!isShare) return `cpu limit: ${used} % of a core used, ${percent} % allowed`;
    return `cpu of all agents limit: ${used} % of a core used, ${percent.toFixed(1)} % are its part of ` +
      `${this.parts.totalPercent} %`;
  }
}
