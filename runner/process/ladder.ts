/** The end of a child: shutdown frame, then SIGTERM, then SIGKILL. */
import type { Clock } from "../clock.ts";

/** How long each rung may take, in milliseconds. */
export interface LadderTimes {
  /** From the shutdown frame to SIGTERM. */
  readonly graceMs: number;
  /** From SIGTERM to SIGKILL. */
  readonly termMs: number;
}

export const DEFAULT_LADDER: LadderTimes = { graceMs: 2000, termMs: 1000 };

/** The process, as far as the ladder needs it. */
export interface Endable {
  shutdown(): void;
  /** Does nothing when the process has ended. */
  signal(signal: "SIGTERM" | "SIGKILL"): void;
  /** Aborted when the process has ended. */
  readonly gone: AbortSignal;
}

/** Climbs the ladder until the process is gone. */
export async function endGracefully(process: Endable, times: LadderTimes, clock: Clock): Promise<void> {
  process.shutdown();
  if (!await clock.sleep(times.graceMs, process.gone)) return;
  process.signal("SIGTERM");
  if (!await clock.sleep(times.termMs, process.gone)) return;
  process.signal("SIGKILL");
}
