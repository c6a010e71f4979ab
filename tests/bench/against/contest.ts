/** Two that do the same, measured in turns: absolute figures of one machine move by a third within hours, ratios do not. */
import { summarize, type Summary } from "../stats.ts";
import { layOut } from "../table.ts";

/** Measures once. */
export type Sample = () => Promise<number>;

export interface Contest {
  readonly figure: string;
  readonly unit: string;
  readonly rival: string;
  readonly rounds: number;
  readonly ours: Sample;
  readonly theirs: Sample;
}

/** What a contest has come to. */
export interface Outcome {
  readonly figure: string;
  readonly unit: string;
  readonly rival: string;
  readonly ours: Summary;
  readonly theirs: Summary;
  /** Of ours to theirs, in each round. */
  readonly ratio: Summary;
}

/** One round before is not counted. Who begins changes from round to round: neither always finds the other's traces. */
export async function hold({ figure, unit, rival, rounds, ours, theirs }: Contest): Promise<Outcome> {
  const samples: { readonly ours: number; readonly theirs: number }[] = [];
  for (let round = 0; round <= rounds; round++) {
    const first = round % 2 === 0 ? await ours() : await theirs();
    const second = round % 2 === 0 ? await theirs() : await ours();
    if (round > 0) {
      samples.push(round % 2 === 0 ? { ours: first, theirs: second } : { ours: second, theirs: first });
    }
  }
  return outcomeOf({ figure, unit, rival }, samples);
}

export function outcomeOf(
  what: Pick<Outcome, "figure" | "unit" | "rival">,
  samples: readonly { readonly ours: number; readonly theirs: number }[],
): Outcome {
  return {
    ...what,
    ours: summarize(samples.map(({ ours }) => ours)),
    theirs: summarize(samples.map(({ theirs }) => theirs)),
    ratio: summarize(samples.map(({ ours, theirs }) => ours / theirs)),
  };
}

/** The outcomes as a table for people. */
export function outcomeTable(outcomes: readonly Outcome[]): string[] {
  return layOut(
    ["figure", "beside it", "unit", "ours", "theirs", "ratio", "min … max", "rounds"],
    outcomes.map(({ figure, rival, unit, ours, theirs, ratio }) => [
      figure,
      rival,
      unit,
      whole(ours.median),
      whole(theirs.median),
      ratio.median.toFixed(2),
      `${ratio.min.toFixed(2)} … ${ratio.max.toFixed(2)}`,
      String(ratio.count),
    ]),
  );
}

function whole(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en-US") : value.toFixed(1);
}
