/** Divides the CPU that all agents may use together. Pure. */

/** How much CPU an agent uses. */
export interface CpuUse {
  /** Percent of one core. */
  readonly percent: number;
  /** Its current limit; `undefined` for none. */
  readonly heldTo: number | undefined;
}

/** An agent that uses this part of its limit would use more without it. */
const NEARLY_ALL = 0.8;

/**
 * The most that each agent may use so that all stay within `total`. Agents that want less get what they want; the others
 * get equal parts of the rest. `undefined`: no limit is needed.
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
