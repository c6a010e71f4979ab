/** `agentflow logs` and `errors`: what nodes and agents say, from now on. */
import type { Command } from "commander";
import { listen } from "../../operator/operations/listen.ts";
import { ERROR_FILTERS, isOf, logFilters, readLine } from "../../operator/operations/reports.ts";
import type { Cli } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { isSet, milliseconds } from "../options.ts";
import { logLineJson, logLineText } from "../render/log_line.ts";

const DEFAULT_MS = 10_000;

interface Kind {
  readonly name: string;
  readonly help: string;
  readonly filters: (target: string | undefined) => readonly string[];
  readonly errorsOnly: boolean;
}

const KINDS: readonly Kind[] = [
  { name: "logs", help: "show what agents and nodes log", filters: logFilters, errorsOnly: false },
  {
    name: "errors",
    help: "show the errors of agents and nodes, with their stacks",
    filters: () => ERROR_FILTERS,
    errorsOnly: true,
  },
];

export function addLogs(program: Command, cli: Cli): void {
  for (const { name, help, filters, errorsOnly } of KINDS) {
    const command = program.command(name)
      .description(`${help}, from now on: the bus keeps nothing of before`)
      .argument("[AGENT|NODE]", "only of this agent, or of this node and its agents")
      .option("-f, --follow", "until Ctrl-C, rather than for 10 seconds")
      .option("--for <SECONDS>", "so long");
    cli.connected(command, async (run, operator, target) => {
      const forMs = milliseconds(run.options, "for") ??
        (isSet(run.options, "follow") ? undefined : DEFAULT_MS);
      await listen(operator, {
        filters: filters(target),
        forMs,
        signal: run.signal,
        onMessage: (message) => {
          const line = readLine(message);
          if (line === undefined || !isOf(line, target) || (errorsOnly && line.kind !== "error")) {
            return false;
          }
          if (run.json) run.printJson(logLineJson(line));
          else run.print(logLineText(line, Date.now(), run.stdout));
          return false;
        },
      });
      return EXIT.ok;
    });
  }
}
