/** How a run reads: a line for each attack, and a summary. */
import type { Verdict } from "./attack.ts";
import { ALLOWANCE_MIB, type Outcome } from "./run.ts";

/** `held  files  read /etc/passwd  NotCapable: Requires read access to "/etc/passwd"…` */
export function line({ attack, held, stoppedBy }: Verdict): string {
  const verdict = held ? "held   " : "THROUGH";
  return `${verdict}  ${attack.category.padEnd(9)}  ${attack.tries.slice(0, 52).padEnd(52)}  ${stoppedBy}`;
}

/** What went wrong; empty when everything held. */
export function failures({ verdicts, before, after, neighbours, damage }: Outcome): readonly string[] {
  const grown = after - before;
  return [
    ...verdicts.filter(({ held }) => !held).map(({ attack, stoppedBy }) => `${attack.id}: ${stoppedBy}`),
    ...neighbours.flatMap(({ complaints }) => complaints),
    ...damage,
    ...(grown > ALLOWANCE_MIB ? [`the runner has grown by ${Math.round(grown)} MiB`] : []),
  ];
}

export function summary(outcome: Outcome): string {
  const { verdicts, before, peak, after, neighbours, seconds } = outcome;
  const through = verdicts.filter(({ held }) => !held).length;
  const mib = (value: number) => `${value.toFixed(1)} MiB`;
  const sum = (of: (one: Outcome["neighbours"][number]) => number) =>
    neighbours.reduce((n, one) => n + of(one), 0);
  const longest = Math.max(...neighbours.map(({ longestGapMs }) => longestGapMs)) / 1000;
  const missed = neighbours.flatMap(({ complaints }) => complaints).length;
  return [
    "",
    ...failures(outcome).map((failure) => `FAILED  ${failure}`),
    `${verdicts.length} attacks: ${verdicts.length - through} held, ${through} got through, in ${
      seconds.toFixed(0)
    } s`,
    `neighbours: ${sum((one) => one.heartbeats)} heartbeats and ${sum((one) => one.beats)} messages, ` +
    `${missed === 0 ? "none missed" : `${missed} complaints`}, longest gap between heartbeats ${
      longest.toFixed(1)
    } s`,
    `memory of the runner's own: ${mib(before)} before, ${mib(peak)} at most, ${mib(after)} after`,
  ].join("\n");
}
