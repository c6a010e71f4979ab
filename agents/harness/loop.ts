/** An agent's life inside its process: `setup()`, then `process()` again and again. */
import { MAX_CONSECUTIVE_FAILURES } from "../../protocol/frames.ts";
import type { Agent } from "../types.d.ts";
import { sleep } from "./clock.ts";
import type { AgentFunctions } from "./load.ts";

/** What the loop tells the runner. */
export interface LoopReports {
  ready(): void;
  processed(): void;
  failed(phase: "setup" | "process", error: unknown, consecutive: number): void;
}

const MAX_RETRY_SECONDS = 30;

/** Lets `process()` through, or holds it while the agent is paused. */
export class Gate {
  #open: Promise<void> = Promise.resolve();
  #release: (() => void) | undefined;

  pause(): void {
    if (this.#release !== undefined) return;
    this.#open = new Promise((resolve) => this.#release = resolve);
  }

  resume(): void {
    this.#release?.();
    this.#release = undefined;
  }

  passed(): Promise<void> {
    return this.#open;
  }
}

/**
 * Runs the agent until `signal` is aborted, or until it has failed too often: then the runner ends the process.
 * @param pollMs milliseconds between the end of one `process()` and the next
 */
export async function runLoop(
  agent: Agent,
  functions: AgentFunctions,
  reports: LoopReports,
  gate: Gate,
  pollMs: number,
): Promise<void> {
  const { signal } = agent;
  try {
    await functions.setup?.(agent);
  } catch (error) {
    reports.failed("setup", error, 0);
    return;
  }
  reports.ready();
  const process = functions.process;
  if (process === undefined) return;
  let consecutive = 0;
  while (consecutive < MAX_CONSECUTIVE_FAILURES) {
    await gate.passed();
    if (signal.aborted) return;
    let waitMs = pollMs;
    try {
      await process(agent);
      consecutive = 0;
      reports.processed();
    } catch (error) {
      // A stop makes pending work fail: that is no failure of the agent.
      if (signal.aborted) return;
      consecutive += 1;
      reports.failed("process", error, consecutive);
      waitMs = Math.min(2 ** consecutive, MAX_RETRY_SECONDS) * 1000;
    }
    if (consecutive < MAX_CONSECUTIVE_FAILURES) await sleep(Math.max(waitMs, 1), signal);
  }
}
