/**
 * Ends agents that put something else in place of their state file. The permission for that file also covers anything
 * below it: a folder in its place could hold any number of files, and SQLite writes files beside a database unasked.
 */
import type { Clock } from "../../clock.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";

export interface StateGuardParts {
  readonly clock: Clock;
  readonly agents: () => readonly SupervisedAgent[];
  /** Names of agents that have such things. */
  readonly litterers: () => ReadonlySet<string>;
}

/** Often: a disk can take hundreds of megabytes per second. One folder listing covers all agents. */
const INTERVAL_MS = 100;
/** Used while the kernel keeps agents from creating anything there. */
const HELD_MS = 250;

export class StateGuard {
  constructor(private readonly parts: StateGuardParts) {}

  /** Watches all agents until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, agents, litterers } = this.parts;
    const wait = () =>
      agents().some(mayMakeFiles) ? clock.sleep(INTERVAL_MS, signal) : clock.rest(HELD_MS, signal);
    while (await wait()) {
      const running = agents().filter(({ pid }) => pid !== undefined);
      if (running.length === 0) continue;
      const names = litterers();
      if (names.size === 0) continue;
      for (const agent of running) if (names.has(agent.name)) end(agent);
    }
  }
}

function mayMakeFiles({ pid, isStarting, isStateFixed }: SupervisedAgent): boolean {
  return pid === undefined ? isStarting : !isStateFixed;
}

function end(agent: SupervisedAgent): void {
  agent.kill(
    { limit: "state files", measured: 1, allowed: 0, unit: "files" },
    "state files limit: it created a folder or a database in place of its state file",
  );
}
