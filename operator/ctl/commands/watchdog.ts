/** `agentflow watchdog`: moves agents with `failover` in their fleet file when their node is away. */
import type { Command } from "commander";
import { ConfigError } from "../../../protocol/config/config_error.ts";
import { readGiven } from "../../../protocol/config/text_file.ts";
import { failoversOf } from "../../failover/decide.ts";
import { type WatchedFleet, watchForFailovers } from "../../failover/watchdog.ts";
import { parseFleet } from "../../fleet/fleet_file.ts";
import { stepJson } from "../../operations/step_json.ts";
import { type Cli, type Run, warn } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { operatorName } from "../operator_name.ts";
import { resultLine } from "../render/plan.ts";
import { count, duration } from "../render/units.ts";
import { oneLine } from "../terminal.ts";

export function addWatchdog(program: Command, cli: Cli): void {
  const command = program.command("watchdog")
    .description("until Ctrl-C: move agents with 'failover' to another of their nodes when theirs is away")
    .argument("<FLEET...>", "fleet files; only their failover entries are read, and nothing else is applied");
  cli.connected(command, async (run, operator, ...paths) => {
    const fleets: WatchedFleet[] = [];
    for (const path of paths.filter((path) => path !== undefined)) fleets.push(await watched(path));
    const agents = fleets.flatMap(({ failovers }) => failovers);
    run.note(`Watches ${count(agents.length, "agent")}: ${agents.map(({ agent }) => agent).join(", ")}`);
    const told = new Set<string>();
    await watchForFailovers(operator, fleets, {
      by: `watchdog ${operatorName(run)}`,
      signal: run.signal,
      onMove: (fleet, move) => {
        const { agent, from, to, awayMs } = move;
        if (run.json) {
          return run.printJson({ fleet, kind: "move", agent, from, to, away_seconds: awayMs / 1000 });
        }
        run.print(
          oneLine(
            `Node '${from}' has been away for ${duration(awayMs / 1000)}: agent '${agent}' goes to ${to}`,
          ),
        );
      },
      onResult: (fleet, result) => {
        const { step, ok, error, pending } = result;
        if (run.json) run.printJson({ fleet, kind: "result", ...stepJson(step), ok, error, pending });
        else run.print(resultLine(result, run.stdout));
      },
      onProblem: (fleet, message) => tellOnce(run, told, `Fleet '${fleet}': ${message}`),
    });
    return EXIT.ok;
  });
}

/** @throws ConfigError if no entry has `failover` */
async function watched(path: string): Promise<WatchedFleet> {
  const { fleet, entries } = parseFleet(await readGiven(path), path);
  const failovers = failoversOf(entries);
  if (failovers.length > 0) return { fleet, failovers };
  throw new ConfigError(
    `${path}: no entry has a failover, so there is nothing to watch: "nodes": ["a", "b"], "failover": "10m"`,
  );
}

/** It is tried again every few seconds. */
function tellOnce(run: Run, told: Set<string>, message: string): void {
  if (told.has(message)) return;
  told.add(message);
  warn(run, oneLine(message));
}
