/** Formats events of an agent under development, one line each. Pure. */
import type { DevEvent } from "../author/events.ts";
import { type Colour, paint, printable, type Terminal } from "../terminal.ts";
import { messageBeside } from "./error.ts";
import { clockTime } from "./units.ts";

const KIND_WIDTH = 8;
const COLOURS: Readonly<Record<string, Colour>> = {
  warning: "yellow",
  error: "red",
  critical: "red",
  fatal: "red",
};

/** `12:34:56  log       started` */
export function devLine(event: DevEvent, nowMs: number, view: Pick<Terminal, "colour">): string {
  switch (event.event) {
    case "log":
      return line("log", event.message, COLOURS[event.level], nowMs, view);
    case "alert":
      return line(
        "alert",
        `${event.severity}: ${event.message}`,
        COLOURS[event.severity] ?? "yellow",
        nowMs,
        view,
      );
    case "error": {
      const { phase, severity, error, traceback } = event;
      const stack = traceback === undefined ? "" : `\n${traceback}`;
      const message = messageBeside(error, traceback);
      return line("error", `${phase} (${severity}): ${message}${stack}`, "red", nowMs, view);
    }
    case "state":
      return line("state", event.state, event.state === "failed" ? "red" : "grey", nowMs, view);
    case "result":
    case "detection":
      return line(event.event, shown(event.value), "green", nowMs, view);
    case "reading":
      return line("reading", `${event.reading}  ${shown(event.value)} ${event.unit}`, "green", nowMs, view);
    case "publish":
      return line("publish", `${event.topic}  ${shown(event.value)}`, "green", nowMs, view);
    default:
      return event satisfies never;
  }
}

/** A line in the same format, for anything else. */
export function line(
  kind: string,
  text: string,
  colour: Colour | undefined,
  nowMs: number,
  view: Pick<Terminal, "colour">,
): string {
  const [first, ...rest] = printable(text).split("\n");
  const head = `${paint(view, "grey", clockTime(nowMs))}  ${paint(view, "cyan", kind.padEnd(KIND_WIDTH))}  `;
  const indent = " ".repeat(clockTime(nowMs).length + KIND_WIDTH + 4);
  return [
    `${head}${paint(view, colour, first ?? "")}`,
    ...rest.map((more) => indent + paint(view, colour, more)),
  ]
    .join("\n");
}

/** A value in readable form. */
export function shown(value: unknown): string {
  return value === undefined ? "(bytes)" : typeof value === "string" ? value : JSON.stringify(value);
}
