/** `agentflow logs` and `errors`: shows the latest log lines or errors of nodes and agents, and follows new ones. */
import { type Command, InvalidArgumentError } from "commander";
import { listen } from "../../operations/listen.ts";
import { keyOf, type Recent, recentLines } from "../../operations/recent.ts";
import { ERROR_FILTERS, isFrom, isOf, logFilters, type LogLine, readLine } from "../../operations/reports.ts";
import { isLimited, selectedNames } from "../../operations/selection.ts";
import type { Operator } from "../../operator.ts";
import type { Cli, Run } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { isSet, milliseconds } from "../options.ts";
import { addNodeSelection, nodeSelection } from "../selection.ts";
import { logLineJson, logLineText } from "../render/log_line.ts";
import { oneLine } from "../terminal.ts";

const DEFAULT_LINES = 100;

interface Kind {
  readonly name: "logs" | "errors";
  readonly help: string;
  readonly filters: (target: string | undefined) => readonly string[];
}

const KINDS: readonly Kind[] = [
  { name: "logs", help: "show the latest log lines of agents and nodes", filters: logFilters },
  {
    name: "errors",
    help: "show the latest errors of agents and nodes, with stacks",
    filters: () => ERROR_FILTERS,
  },
];

export function addLogs(program: Command, cli: Cli): void {
  for (const kind of KINDS) {
    const command = program.command(kind.name)
      .description(`${kind.help}, as the nodes remember them; -f follows new ones`)
      .argument("[AGENT|NODE]", "only this agent, or this node and its agents")
      .option("-f, --follow", "follow new lines until Ctrl-C")
      .option("--for <SECONDS>", "follow new lines for this long")
      .option("-n, --lines <NUMBER>", "show the last NUMBER lines (0 = none)", wholeNumber, DEFAULT_LINES);
    addNodeSelection(command);
    cli.connected(command, async (run, operator, target) => {
      const forMs = milliseconds(run.options, "for");
      if (forMs === undefined && !isSet(run.options, "follow")) {
        const { lines, isUnknown } = await remembered(run, operator, kind, target);
        for (const line of lines) print(run, line);
        return isUnknown ? EXIT.failed : EXIT.ok;
      }
      await follow(run, operator, kind, target, forMs);
      return EXIT.ok;
    });
  }
}

async function remembered(
  run: Run,
  operator: Operator,
  { name }: Kind,
  target: string | undefined,
): Promise<Recent> {
  const max = Number(run.options.lines);
  const on = nodeSelection(run.options);
  if (max === 0 && !isLimited(on)) return { lines: [], notes: [], isUnknown: false };
  const recent = await recentLines(operator, { kind: name, target, on, max, signal: run.signal });
  for (const note of recent.notes) run.tell(`agentflow: ${oneLine(note)}`);
  if (recent.lines.length === 0 && recent.notes.length === 0) run.note(NONE[name]);
  return recent;
}

const NONE: Readonly<Record<Kind["name"], string>> = {
  logs: "Nothing has been logged",
  errors: "No errors are known",
};

/** Listens first, then asks for earlier lines: no line is lost in between, and none is shown twice. */
async function follow(
  run: Run,
  operator: Operator,
  kind: Kind,
  target: string | undefined,
  forMs: number | undefined,
): Promise<void> {
  let waiting: LogLine[] | undefined = [];
  let isShown = (_line: LogLine) => true;
  const show = (line: LogLine) => {
    if (isShown(line)) print(run, line);
  };
  const listening = listen(operator, {
    filters: kind.filters(target),
    forMs,
    signal: run.signal,
    onMessage: (message) => {
      const line = readLine(message);
      if (line === undefined || !isOf(line, target)) return false;
      if (kind.name === "errors" && line.kind !== "error") return false;
      if (waiting === undefined) show(line);
      else waiting.push(line);
      return false;
    },
  });
  // Awaited below; until then a rejection must not crash the process.
  listening.catch(() => {});
  const { lines } = await remembered(run, operator, kind, target);
  for (const line of lines) print(run, line);
  const nodes = selectedNames(operator.fleet, nodeSelection(run.options));
  // A node's answer may overtake lines that it published earlier.
  const known = new Set(lines.map(keyOf));
  isShown = (line) => !known.has(keyOf(line)) && isFrom(line, nodes);
  waiting.forEach(show);
  waiting = undefined;
  await listening;
}

function print(run: Run, line: LogLine): void {
  if (run.json) run.printJson(logLineJson(line));
  else run.print(logLineText(line, Date.now(), run.stdout));
}

function wholeNumber(given: string): number {
  if (/^\d{1,6}$/.test(given)) return Number(given);
  throw new InvalidArgumentError("It must be a whole number, 0 or more.");
}
