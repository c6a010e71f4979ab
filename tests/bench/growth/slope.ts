/** How a cost grows with a number: a straight line through what was measured. Pure. */

/** One measurement: `cost` at `count`. */
export interface Point {
  readonly count: number;
  readonly cost: number;
}

/** The line `cost = base + slope × count` that is nearest to the points, by least squares. */
export interface Line {
  readonly base: number;
  readonly slope: number;
  /** How much of the spread the line explains, from 0 to 1 (R²): near 1, the growth is linear. */
  readonly fit: number;
}

/** @throws RangeError for fewer than two different counts */
export function lineThrough(points: readonly Point[]): Line {
  const mean = (of: (point: Point) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [x, y] = [mean(({ count }) => count), mean(({ cost }) => cost)];
  const spread = mean(({ count }) => (count - x) ** 2);
  if (!(spread > 0)) throw new RangeError("A line needs two different counts");
  const slope = mean(({ count, cost }) => (count - x) * (cost - y)) / spread;
  const base = y - slope * x;
  const total = mean(({ cost }) => (cost - y) ** 2);
  const left = mean(({ count, cost }) => (cost - base - slope * count) ** 2);
  return { base, slope, fit: total === 0 ? 1 : 1 - left / total };
}
