/** The result of a run as a table in Markdown. Pure. */
import type { AloneResult } from "./alone.ts";
import type { RunResult } from "./run.ts";

export function tableOf({ groups, counts, orphans, agentsLost }: RunResult): string {
  const faults = [...groups.values()].reduce((sum, group) => sum + group.faults, 0);
  const longestMs = Math.max(0, ...[...groups.values()].map((group) => group.longestMs));
  const rows: [string, number, string][] = [...groups].sort(([a], [b]) => a.localeCompare(b))
    .map(([name, group]) => [name, group.faults, `${seconds(group.longestMs)} s`]);
  return [
    "| fault | injected | longest recovery |",
    "|---|---:|---:|",
    ...rows.map((row) => `| ${row.join(" | ")} |`),
    `| **all** | **${faults}** | **${seconds(longestMs)} s** |`,
    "",
    "| what it has cost | count | must be |",
    "|---|---:|---:|",
    `| numbered messages that came | ${counts.messages} | |`,
    `| acknowledged messages lost | ${counts.lost} | 0 |`,
    `| messages lost with the memory of a killed runner | ${counts.lostWithRunner} | 0 with \`--outbox disk\` |`,
    `| duplicates: sent again after an outage | ${counts.resent} | |`,
    `| duplicates: published again after a crash | ${counts.repeated} | |`,
    `| reorderings within one instance | ${counts.reordered} | 0 |`,
    `| late messages of an instance before | ${counts.overtaken} | |`,
    `| state writes lost | ${counts.stateLost} | 0 |`,
    `| instances doubled | ${counts.doubled} | 0 |`,
    `| agents lost | ${agentsLost} | 0 |`,
    `| orphans | ${orphans} | 0 |`,
  ].join("\n");
}

/** @param violations how many there are */
export function aloneTableOf({ edges, faults, latenciesMs, bus }: AloneResult, violations: number): string {
  const numbers = Object.values(bus).flat();
  const distinct = Object.values(bus).reduce((sum, of) => sum + new Set(of).size, 0);
  const late = Object.entries(latenciesMs).map(([way, all]) => {
    const sorted = all.toSorted((a, b) => a - b);
    const at = (share: number) => (sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(1);
    return `| from the edge to the lamp, ${way}: median, p99, longest | ${at(0.5)} ms, ${at(0.99)} ms, ${
      at(1)
    } ms |`;
  });
  return [
    "| a node alone | |",
    "|---|---:|",
    `| edges, each handled by the rule, and by the lamp on both ways | ${edges} |`,
    `| faults while the link was cut | ${faults} |`,
    ...late,
    `| messages on the bus afterwards | ${distinct} |`,
    `| … that came again, because a link broke with them under way | ${numbers.length - distinct} |`,
    `| violations | ${violations} |`,
  ].join("\n");
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
