/** Limits a process to a share of one core by stopping it repeatedly, where no cgroup does so. Pure. */

/** A measurement. */
export interface CpuSample {
  readonly nowMs: number;
  /** CPU time that the process has used since it began. */
  readonly cpuSeconds: number;
}

/** The state of a process between two measurements. */
export interface Throttled {
  readonly last: CpuSample;
  /** CPU seconds that it may still use; below 0, it has exceeded its share. */
  readonly credit: number;
  /** Since when it has been stopped; `undefined` while it runs. */
  readonly stoppedAtMs: number | undefined;
}

/** The initial credit of a process: loading Deno and the agent's code does not count. */
const START_CREDIT_SECONDS = 1;
/** The most credit a process can save while it uses less than its share. */
const BURST_SECONDS = 1;
/** A stopped process resumes when it has earned this much, rather than at each measurement. */
const RESUME_SECONDS = 0.05;

export function beginThrottle(sample: CpuSample): Throttled {
  return { last: sample, credit: START_CREDIT_SECONDS, stoppedAtMs: undefined };
}

/**
 * @param percent of one core
 * @param maxStopMs the longest single stop: its watchdog waits for answers
 */
export function throttle(
  before: Throttled,
  sample: CpuSample,
  percent: number,
  maxStopMs: number,
): Throttled {
  const { last, credit, stoppedAtMs } = before;
  const share = percent / 100;
  const earned = (sample.nowMs - last.nowMs) / 1000 * share;
  const used = sample.cpuSeconds - last.cpuSeconds;
  // Savings are never taken away; they only stop growing.
  const now = Math.min(credit + earned, Math.max(share * BURST_SECONDS, credit)) - used;
  const next = { last: sample, credit: now };
  if (stoppedAtMs === undefined) return { ...next, stoppedAtMs: now < 0 ? sample.nowMs : undefined };
  const goesOn = now >= share * RESUME_SECONDS || sample.nowMs - stoppedAtMs >= maxStopMs;
  return { ...next, stoppedAtMs: goesOn ? undefined : stoppedAtMs };
}
