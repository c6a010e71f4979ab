/** Divides the CPU that all agents may use together among those that want more than there is. Pure. */

/** How much CPU an agent uses. */
export interface CpuUse {
  /** Percent of one core. */
  readonly percent: number;
  /** What it is held to now; `undefined`: nothing. */
  readonly heldTo: number | undefined;
}

/** Who uses that much of what it is held to would use more. */
const NEARLY_ALL = 0.8;

/**
 * The most that any agent may use, so that all stay within `total`: who wants less gets what it wants, and the others get
 * equal parts of what is left. `undefined`: all may use what they want.
 */
export function levelOf(uses: readonly CpuUse[], total: number): number | undefined {
  const wanted = uses.map(({ percent, heldTo }) =>
    heldTo !== undefined && percent >= heldTo * NEARLY_ALL ? Infinity : percent
  ).sort((a, b) => a - b);
  let left = total;
  for (const [index, percent] of wanted.entries()) {
    const share = left / (wanted.length - index);
    if (percent > share) return share;
    left -= percent;
  }
  return undefined;
}
