/** The statistics of a bench: what a list of samples comes to. Pure. */

/** Samples in five numbers, in the samples' own unit. */
export interface Summary {
  readonly count: number;
  readonly median: number;
  readonly p99: number;
  readonly min: number;
  readonly max: number;
}

/** @throws RangeError when there is no sample */
export function summarize(samples: readonly number[]): Summary {
  return {
    count: samples.length,
    median: percentile(samples, 50),
    p99: percentile(samples, 99),
    min: percentile(samples, 0),
    max: percentile(samples, 100),
  };
}

/**
 * The smallest sample that `percent` of all samples do not exceed (nearest rank): always one that was measured. Of
 * fewer than 100 samples, the 99th percentile is the largest.
 * @throws RangeError when there is no sample
 */
export function percentile(samples: readonly number[], percent: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const rank = Math.max(1, Math.ceil(percent / 100 * sorted.length));
  const found = sorted[rank - 1];
  if (found === undefined) throw new RangeError("No samples: nothing was measured");
  return found;
}
