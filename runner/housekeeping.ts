/** Housekeeping of a node: reports once which limits apply, and deletes what is no longer used. */
import type { Clock } from "./clock.ts";
import type { Logger } from "./logger.ts";
import type { Policy } from "./policy/policy.ts";
import type { Cgroups } from "./process/cgroups.ts";
import { NO_DEATH_SIGNAL } from "./process/wrapper.ts";
import { describeWalls, type NoWalls, type Standing } from "./process/walls/standing.ts";

/** Waits until the restored agents have been started. */
const TIDY_SOON_MS = 60_000;
const TIDY_MS = 24 * 3600 * 1000;

/**
 * Logs how CPU limits are enforced: an operator who relies on a limit must know if there is none.
 * @param mayStop whether agents may be stopped for moments
 */
export function sayCpuLimits(
  { reason, controllers }: Cgroups,
  mayStop: boolean,
  policy: Policy,
  log: Logger,
): void {
  if (reason === undefined) log.info(`Limits are enforced by cgroup v2: ${controllers.join(", ")}`);
  if (controllers.includes("cpu")) return;
  const because = `because ${reason ?? "its group has no cpu controller"}`;
  if (mayStop) {
    return log.info(`CPU limits: by nice, and by short stops of agents over their limit, ${because}`);
  }
  const sets = [policy.rules, ...policy.overrides.map(({ rules }) => rules)];
  const isLimited = sets.some(({ cpu_percent }) => cpu_percent !== undefined);
  if (policy.total_cpu_percent === undefined && !isLimited) {
    return log.info(`CPU limits: by nice only, ${because}`);
  }
  log.warning(
    `CPU limits: by nice only, ${because}: cpu_percent and total_cpu_percent of ${policy.origin} have no effect ` +
      "without setpriv (util-linux)",
  );
}

/** Logs at each start which kernel walls confine agents, and which are missing here. */
export function sayWalls(walls: Standing | NoWalls, log: Logger): void {
  const { standing, missing } = describeWalls(walls);
  if (standing.length > 0) log.info(`Walls of the kernel around agents: ${standing.join(", ")}`);
  if (missing.length > 0) log.warning(`Missing walls of the kernel around agents: ${missing.join("; ")}`);
}

/** Ends agents left by an earlier runner, if the kernel did not end them with it. */
export function sayLeftovers(count: number, log: Logger): void {
  if (count === 0) return;
  log.warning(
    `Ended ${
      count === 1 ? "a process" : `${count} processes`
    } that an earlier run of this node had left behind: ` +
      `${NO_DEATH_SIGNAL}`,
  );
}

/** Deletes unused packages of one kind of agents. */
export interface Tidier {
  /**
   * Marks what agents here use, and deletes what no node has used for a long time. @returns how many sets were deleted
   */
  tidy(now: number): Promise<number>;
}

/** Deletes package sets that no node has used for a long time, again and again until `signal` is aborted. */
export async function tidyInstalls(
  tidiers: readonly Tidier[],
  clock: Clock,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  for (let waitMs = TIDY_SOON_MS; await clock.sleep(waitMs, signal); waitMs = TIDY_MS) {
    for (const tidier of tidiers) {
      try {
        const count = await tidier.tidy(clock.epochSeconds() * 1000);
        if (count > 0) log.info(`${count} sets of packages that no agent uses have been deleted`);
      } catch (error) {
        log.warning(`Cannot delete sets of packages that no agent uses: ${(error as Error).message}`);
      }
    }
  }
}
