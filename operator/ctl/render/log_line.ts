/** Formats log lines and errors. Pure. */
import type { LogLine } from "../../operations/reports.ts";
import { type Colour, oneLine, paint, printable, type Terminal } from "../terminal.ts";
import { messageBeside } from "./error.ts";
import { clockTime } from "./units.ts";

const COLOURS: Readonly<Record<string, Colour>> = {
  debug: "grey",
  warning: "yellow",
  error: "red",
  critical: "red",
  fatal: "red",
};

/** `12:34:56 hall/sensor  WARNING  message`, followed by the traceback. */
export function logLineText(line: LogLine, nowMs: number, view: Pick<Terminal, "colour">): string {
  const { timestamp, node, agent, level, phase, message, traceback } = line;
  const who = [node, agent].filter((part) => part !== undefined).join("/");
  const where = phase === undefined ? "" : `${phase}: `;
  const colour = COLOURS[level];
  const head = [
    paint(view, "grey", clockTime(timestamp === undefined ? nowMs : timestamp * 1000)),
    paint(view, "cyan", oneLine(who)),
    ...(level === "info" ? [] : [paint(view, colour, oneLine(level).toUpperCase())]),
    paint(view, colour, oneLine(`${where}${messageBeside(message, traceback)}`)),
  ].join("  ");
  return traceback === undefined ? head : `${head}\n${indented(printable(traceback))}`;
}

/** The line for `--json`. */
export function logLineJson({ phase, traceback, ...line }: LogLine): Readonly<Record<string, unknown>> {
  return {
    ...line,
    ...(phase === undefined ? {} : { phase }),
    ...(traceback === undefined ? {} : { traceback }),
  };
}

function indented(text: string): string {
  return text.split("\n").map((line) => `    ${line}`).join("\n");
}
