/** An agent's life inside its process: `setup()`, then `process()` again and again. */
import { MAX_CONSECUTIVE_FAILURES } from "../../protocol/frames.ts";
import type { Agent } from "../types.d.ts";
import type { Activity } from "./activity.ts";
import { sleep } from "./clock.ts";
import type { AgentFunctions } from "./load.ts";

/** What the loop tells the runner. */
export interface LoopReports {
  ready(): void;
  processed(): void;
  failed(phase: "setup" | "process", error: unknown, consecutive: number): Promise<void> | void;
}

const MAX_RETRY_SECONDS = 30;

/** Who can pause `process()`. */
export type Pauser = "operator" | "node";

/** Blocks `process()` while anybody has it paused. */
export class Gate {
  readonly #pausers = new Set<Pauser>();
  #open: Promise<void> = Promise.resolve();
  #release: () => void = () => {};

  close(pauser: Pauser): void {
    if (this.#pausers.size === 0) this.#open = new Promise((resolve) => this.#release = resolve);
    this.#pausers.add(pauser);
  }

  open(pauser: Pauser): void {
    this.#pausers.delete(pauser);
    if (this.#pausers.size === 0) this.#release();
  }

  async passed(): Promise<void> {
    // Loop: the gate may close again before the waiting call resumes.
    while (this.#pausers.size > 0) await this.#open;
  }
}

/**
 * Runs the agent until `signal` is aborted, or until it has failed too often; the runner then ends the process.
 * @param pollMs milliseconds between the end of one `process()` and the next
 */
export async function runLoop(
  agent: Agent,
  functions: AgentFunctions,
  reports: LoopReports,
  gate: Gate,
  activity: Activity,
  pollMs: number,
): Promise<void> {
  const { signal } = agent;
  try {
    await activity.during(() => functions.setup?.(agent));
  } catch (error) {
    await reports.failed("setup", error, 0);
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
      await activity.during(() => process(agent));
      consecutive = 0;
      reports.processed();
    } catch (error) {
      // A stop makes pending work fail; do not count that as an agent failure.
      if (signal.aborted) return;
      consecutive += 1;
      await reports.failed("process", error, consecutive);
      waitMs = Math.min(2 ** consecutive, MAX_RETRY_SECONDS) * 1000;
    }
    if (consecutive < MAX_CONSECUTIVE_FAILURES) await sleep(Math.max(waitMs, 1), signal);
  }
}
