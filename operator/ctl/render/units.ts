/** Formats numbers and times for people. Pure. */

/** Shown for unknown values. */
export const UNKNOWN = "—";

/** `12:34:56`, local time. */
export function clockTime(epochMs: number): string {
  return new Date(epochMs).toTimeString().slice(0, 8);
}

/** `3s`, `5m`, `2h`, `4d`: the largest unit that fits. */
export function duration(seconds: number | undefined): string {
  if (seconds === undefined) return UNKNOWN;
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m`;
  if (whole < 2 * 86_400) return `${Math.floor(whole / 3600)}h`;
  return `${Math.floor(whole / 86_400)}d`;
}

export function percent(value: number | undefined): string {
  return value === undefined ? UNKNOWN : `${value.toFixed(1)}%`;
}

export function megabytes(value: number | undefined): string {
  return value === undefined ? UNKNOWN : `${value.toFixed(0)} MB`;
}

/** `1 agent`, `2 agents`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
