/**
 * Ends agents that fill the disk, alone or all together. SQLite, which is built into Deno, creates unnamed files in any
 * writable folder without asking for permission.
 */
import type { Clock } from "../../clock.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";

export interface DiskGuardParts {
  readonly clock: Clock;
  readonly agents: () => readonly SupervisedAgent[];
  /** The disk space used by such files of a process, in MiB. */
  readonly measure: (pid: number) => number;
  /** What the state files of each agent use, in MiB: also of those that do not run. */
  readonly states: () => ReadonlyMap<string, number>;
  /** For all of it together, in MiB. */
  readonly totalMb: number;
}

/** Rarely: the kernel bounds each file. */
const INTERVAL_MS = 1000;
/** A database that sorts or indexes uses some. */
const ALLOWED_MB = 64;

export class DiskGuard {
  /** What each agent used at the last look. */
  #before: ReadonlyMap<string, number> = new Map();

  constructor(private readonly parts: DiskGuardParts) {}

  /** Watches over all agents until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, agents, states } = this.parts;
    while (await clock.rest(INTERVAL_MS, signal)) {
      const running = agents().filter(({ pid }) => pid !== undefined);
      if (running.length === 0) continue;
      const used = new Map(states());
      for (const agent of running) {
        // If the policy lets it write files, it has no limit here.
        if (agent.config.permissions.write.length > 0) continue;
        used.set(agent.name, (used.get(agent.name) ?? 0) + this.#temporaryMb(agent));
      }
      this.#checkAll(running, used);
      this.#before = used;
    }
  }

  #temporaryMb(agent: SupervisedAgent): number {
    const usedMb = this.parts.measure(agent.pid ?? 0);
    if (usedMb > ALLOWED_MB) {
      agent.kill({ limit: "temporary files", measured: round(usedMb), allowed: ALLOWED_MB, unit: "MB" });
    }
    return usedMb;
  }

  #checkAll(running: readonly SupervisedAgent[], used: ReadonlyMap<string, number>): void {
    const allowed = this.parts.totalMb;
    const sum = [...used.values()].reduce((all, mb) => all + mb, 0);
    if (sum <= allowed) return;
    const name = toEnd(running.map(({ name }) => name), used, this.#before, allowed);
    running.find((agent) => agent.name === name)
      ?.kill({ limit: "disk of all agents", measured: round(sum), allowed, unit: "MB" });
  }
}

/**
 * The agent to end when all agents together use too much disk. Ending an agent does not free its files, so only one that
 * keeps writing is ended: of the agents that have grown and use more than an equal share, the largest.
 */
export function toEnd(
  running: readonly string[],
  used: ReadonlyMap<string, number>,
  before: ReadonlyMap<string, number>,
  allowedMb: number,
): string | undefined {
  const share = allowedMb / running.length;
  const sizeOf = (name: string) => used.get(name) ?? 0;
  const growing = running.filter((name) => sizeOf(name) > Math.max(share, before.get(name) ?? Infinity));
  return growing.toSorted((a, b) => sizeOf(b) - sizeOf(a))[0];
}

function round(mb: number): number {
  return Math.round(mb * 10) / 10;
}
