/** Ends agents that hold more memory than they may: V8's own limit does not count buffers, wasm or native memory. */
import type { Clock } from "../../clock.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";

export interface MemoryGuardParts {
  readonly clock: Clock;
  readonly agents: () => readonly SupervisedAgent[];
  /** Memory of a process in MiB, what is in swap too; `undefined` when it has ended. */
  readonly measure: (pid: number) => number | undefined;
  /** In MiB. */
  readonly limitOf: (agent: SupervisedAgent) => number;
}

/** A process can fill hundreds of megabytes in a second. */
const INTERVAL_MS = 250;

export class MemoryGuard {
  constructor(private readonly parts: MemoryGuardParts) {}

  /** Watches over all agents until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (await this.parts.clock.sleep(INTERVAL_MS, signal)) {
      for (const agent of this.parts.agents()) this.#check(agent);
    }
  }

  #check(agent: SupervisedAgent): void {
    const usedMb = agent.pid === undefined ? undefined : this.parts.measure(agent.pid);
    const allowedMb = this.parts.limitOf(agent);
    if (usedMb === undefined || usedMb <= allowedMb) return;
    agent.kill({ limit: "memory", measured: Math.round(usedMb * 10) / 10, allowed: allowedMb, unit: "MB" });
  }
}
