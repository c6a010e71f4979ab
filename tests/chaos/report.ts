/** The result of a run as a table in Markdown. Pure. */
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

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
