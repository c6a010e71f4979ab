/**
 * Ends agents that fill the disk with unnamed files: SQLite, which is built into Deno, creates temporary files in any
 * writable folder, without asking for permission.
 */
import type { Clock } from "../../clock.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";

export interface DiskGuardParts {
  readonly clock: Clock;
  readonly agents: () => readonly SupervisedAgent[];
  /** The disk space used by such files of a process, in MiB. */
  readonly measure: (pid: number) => number;
}

/** Rarely: it checks every open file, and the kernel bounds each of them. */
const INTERVAL_MS = 1000;
/** A database that sorts or indexes uses some. */
const ALLOWED_MB = 64;

export class DiskGuard {
  constructor(private readonly parts: DiskGuardParts) {}

  /** Watches over all agents until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, agents, measure } = this.parts;
    while (await clock.sleep(INTERVAL_MS, signal)) {
      for (const agent of agents()) {
        // If the policy lets it write files, it has no limit here.
        if (agent.config.permissions.write.length > 0 || agent.pid === undefined) continue;
        const usedMb = measure(agent.pid);
        if (usedMb <= ALLOWED_MB) continue;
        const measured = Math.round(usedMb * 10) / 10;
        agent.kill({ limit: "temporary files", measured, allowed: ALLOWED_MB, unit: "MB" });
      }
    }
  }
}
