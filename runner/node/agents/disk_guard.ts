/**
 * Ends agents that fill the disk with files without a name: SQLite, which Deno has built in, makes temporary ones
 * wherever anybody may write, and asks no permission.
 */
import type { Clock } from "../../clock.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";

export interface DiskGuardParts {
  readonly clock: Clock;
  readonly agents: () => readonly SupervisedAgent[];
  /** What such files of a process take, in MiB. */
  readonly measure: (pid: number) => number;
}

/** Not often: it looks at every file that is open, and each of them is bounded by the kernel. */
const INTERVAL_MS = 1000;
/** A database that sorts or indexes has some. */
const ALLOWED_MB = 64;

export class DiskGuard {
  constructor(private readonly parts: DiskGuardParts) {}

  /** Watches over all agents until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, agents, measure } = this.parts;
    while (await clock.sleep(INTERVAL_MS, signal)) {
      for (const agent of agents()) {
        // Where it may write what it likes, how much is not ours to say.
        if (agent.config.permissions.write.length > 0 || agent.pid === undefined) continue;
        const usedMb = measure(agent.pid);
        if (usedMb <= ALLOWED_MB) continue;
        const measured = Math.round(usedMb * 10) / 10;
        agent.kill({ limit: "temporary files", measured, allowed: ALLOWED_MB, unit: "MB" });
      }
    }
  }
}
