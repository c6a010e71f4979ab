/** `console` for agent code: its output becomes the agent's log. */
import type { LogLevel } from "../../protocol/frames.ts";

const LEVELS: Readonly<Record<string, LogLevel>> = {
  debug: "debug",
  log: "info",
  info: "info",
  dir: "info",
  dirxml: "info",
  warn: "warning",
  error: "error",
};

/** A longer message is cut: printing must never fail. */
const MAX_MESSAGE_CHARS = 64 * 1024;

/**
 * Replaces the methods of `console` that print one message. The others (`table`, `group`, `time`, …) print lines
 * to stdout, which the runner logs one by one.
 */
export function redirectConsole(send: (level: LogLevel, message: string) => void): void {
  const log = (level: LogLevel, message: string) => send(level, message.slice(0, MAX_MESSAGE_CHARS));
  const target = console as unknown as Record<string, (...args: unknown[]) => void>;
  for (const [method, level] of Object.entries(LEVELS)) {
    target[method] = (...args: unknown[]) => log(level, format(args));
  }
  target.trace = (...args: unknown[]) => log("debug", `Trace: ${format(args)}`);
  target.assert = (condition: unknown, ...args: unknown[]) => {
    if (!condition) log("error", `Assertion failed: ${format(args)}`);
  };
}

/** Formats as the console does: `%s %d %i %f %j %o %O %c %%` in a first string, the rest appended. */
function format(args: readonly unknown[]): string {
  const [first, ...rest] = args;
  if (typeof first !== "string" || rest.length === 0) return args.map(show).join(" ");
  let next = 0;
  const text = first.replace(/%([sdifjoOc%])/g, (whole, kind: string) => {
    if (kind === "%") return "%";
    if (next >= rest.length) return whole;
    return substitute(kind, rest[next++]);
  });
  return [text, ...rest.slice(next).map(show)].join(" ");
}

function substitute(kind: string, value: unknown): string {
  if (kind === "c") return "";
  if (kind === "s") return show(value);
  try {
    if (kind === "d" || kind === "f") return String(Number(value));
    if (kind === "i") return String(Math.trunc(Number(value)));
    if (kind === "j") return JSON.stringify(value) ?? "undefined";
  } catch {
    // Neither a number nor JSON: show it unchanged.
  }
  return show(value);
}

function show(value: unknown): string {
  if (typeof value === "string") return value;
  try {
    return Deno.inspect(value, { colors: false });
  } catch {
    // Inspecting an object may throw.
    return "a value that cannot be shown";
  }
}
