/** Ends agents that exceed their memory limit: V8's own limit does not count buffers, wasm or native memory. */
import type { Clock } from "../../clock.ts";
import type { HeldMemory } from "../../process/proc_stats.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";

export interface MemoryGuardParts {
  readonly clock: Clock;
  readonly agents: () => readonly SupervisedAgent[];
  /** `undefined` when the process has ended. */
  readonly measure: (pid: number) => HeldMemory | undefined;
  /** Resident memory of a process, MiB; faster than `measure`. `undefined` when the process has ended. */
  readonly glance: (pid: number) => number | undefined;
  /** What the whole machine has in swap, MiB. */
  readonly swappedMb: () => number;
  /** In MiB. */
  readonly limitOf: (agent: SupervisedAgent) => number;
  /** Limit for all agents together, without the memory they share; in MiB. */
  readonly totalMb: number;
}

/** A process can fill hundreds of megabytes in a second. */
const INTERVAL_MS = 250;

interface Measured extends HeldMemory {
  readonly agent: SupervisedAgent;
}

export class MemoryGuard {
  /** The process that was ended for the common limit: no other is ended before it is gone. */
  #ending: number | undefined;

  constructor(private readonly parts: MemoryGuardParts) {}

  /** Watches all agents until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, agents, measure } = this.parts;
    while (await clock.rest(INTERVAL_MS, signal)) {
      if (this.#ending === undefined && this.#isFine()) continue;
      const measured = agents().flatMap((agent): Measured[] => {
        const held = agent.pid === undefined ? undefined : measure(agent.pid);
        return held === undefined ? [] : [{ agent, ...held }];
      });
      for (const one of measured) this.#check(one);
      this.#checkAll(measured);
    }
  }

  /** A quick check that no limit can be exceeded: a process holds at most its resident memory plus all swap in use. */
  #isFine(): boolean {
    const { agents, glance, swappedMb, limitOf, totalMb } = this.parts;
    let sum = swappedMb();
    const inSwap = sum;
    return agents().every((agent) => {
      const residentMb = agent.pid === undefined ? 0 : glance(agent.pid) ?? 0;
      sum += residentMb;
      return residentMb + inSwap <= limitOf(agent) && sum <= totalMb;
    });
  }

  #check({ agent, heldMb }: Measured): void {
    const allowed = this.parts.limitOf(agent);
    if (heldMb > allowed) agent.kill({ limit: "memory", measured: round(heldMb), allowed, unit: "MB" });
  }

  /** Ends the agent with the most memory of its own, because other programs need the machine too. */
  #checkAll(measured: readonly Measured[]): void {
    const allowed = this.parts.totalMb;
    const sum = measured.reduce((all, { ownMb }) => all + ownMb, 0);
    if (measured.some(({ agent }) => agent.pid === this.#ending)) return;
    this.#ending = undefined;
    if (sum <= allowed) return;
    const largest = measured.reduce((a, b) => a.ownMb >= b.ownMb ? a : b);
    this.#ending = largest.agent.pid;
    largest.agent.kill({ limit: "memory of all agents", measured: round(sum), allowed, unit: "MB" });
  }
}

function round(mb: number): number {
  return Math.round(mb * 10) / 10;
}
