/** What a bench has found: figures, each held against its target where it has one. Pure. */
import { summarize, type Summary } from "./stats.ts";
import { layOut } from "./table.ts";

/** What a figure should come to: not more, or not less. */
export type Target = { readonly atMost: number } | { readonly atLeast: number };

/** Which of a figure's numbers its target is about. */
export type Measure = "median" | "p99" | "max";

/** One figure. */
export interface Result extends Summary {
  readonly figure: string;
  readonly unit: string;
  readonly target?: Target;
  /** What the target is about: the median, unless said otherwise. */
  readonly judged: Measure;
  /** Absent where there is no target. */
  readonly reached?: boolean;
}

/** Sums up the samples of one figure. @throws RangeError when there is no sample */
export function result(
  figure: string,
  unit: string,
  samples: readonly number[],
  target?: Target,
  judged: Measure = "median",
): Result {
  const summary = summarize(samples);
  if (target === undefined) return { figure, unit, judged, ...summary };
  const value = summary[judged];
  const reached = "atMost" in target ? value <= target.atMost : value >= target.atLeast;
  return { figure, unit, judged, ...summary, target, reached };
}

/** The figures as a table for people. */
export function resultTable(results: readonly Result[]): string[] {
  return layOut(
    ["figure", "unit", "median", "p99", "min … max", "n", "target", "reached"],
    results.map((found) => [
      found.figure,
      found.unit,
      show(found.median),
      // Of so few samples, the 99th percentile would only be another name for the largest.
      found.count < 20 ? "" : show(found.p99),
      found.count === 1 ? "" : `${show(found.min)} … ${show(found.max)}`,
      String(found.count),
      targetText(found),
      found.reached === undefined ? "" : found.reached ? "yes" : "NO",
    ]),
  );
}

function targetText({ target, judged }: Result): string {
  if (target === undefined) return "";
  const bound = "atMost" in target ? `≤ ${show(target.atMost)}` : `≥ ${show(target.atLeast)}`;
  return judged === "median" ? bound : `${judged} ${bound}`;
}

/** As many digits as tell a figure from its target. */
function show(value: number): string {
  const whole = Math.abs(value) >= 100 || Number.isInteger(value);
  return whole ? Math.round(value).toLocaleString("en-US") : value.toFixed(2);
}
