/** Log lines and errors of nodes and agents, read from their reports. Pure. */
import { actorId } from "../../protocol/ids.ts";
import { isName, nameIn } from "../../protocol/names.ts";
import { topics } from "../../protocol/topics.ts";
import type { BusMessage } from "../bus.ts";
import { fieldsOf } from "../json.ts";

/** One line of a log. */
export interface LogLine {
  readonly kind: "log" | "error";
  /** Seconds; as the sender has it. */
  readonly timestamp: number | undefined;
  readonly node: string | undefined;
  /** Undefined where the node speaks of itself. */
  readonly agent: string | undefined;
  /** `info`, `warning`, `error`, `critical`, `fatal`, `debug`. */
  readonly level: string;
  readonly message: string;
  /** Of an error: where it happened. */
  readonly phase: string | undefined;
  readonly traceback: string | undefined;
}

/** Where the lines of `target`, an agent or a node, may come; of all without one. */
export function logFilters(target: string | undefined): readonly string[] {
  return target === undefined || !isName(target)
    ? ["agents/+/logs"]
    : [topics.nodeLogs(target), topics.agent(actorId(target), "logs"), "agents/+/logs"];
}

/** The same for errors: agents' own, and the nodes'. */
export const ERROR_FILTERS = ["agents/+/errors", "agents/+/logs"] as const;

/** @returns `undefined` for what is no line of a log */
export function readLine({ topic, payload }: Pick<BusMessage, "topic" | "payload">): LogLine | undefined {
  const [root, id, report, ...rest] = topic.split("/");
  if (root !== "agents" || rest.length > 0 || (report !== "logs" && report !== "errors")) return undefined;
  return readFields(report, fieldsOf(payload), id);
}

/** The same of its fields. @param id where it came, as a node's own log is at its name */
export function readFields(
  report: "logs" | "errors",
  fields: Readonly<Record<string, unknown>>,
  id?: string,
): LogLine | undefined {
  const [message, error] = [text(fields.message), text(fields.error)];
  const agent = nameIn(fields.agent, fields.child_name, fields.name);
  const common = {
    timestamp: typeof fields.timestamp === "number" ? fields.timestamp : undefined,
    node: nameIn(fields.node, agent === undefined ? id : undefined),
    agent,
    traceback: text(fields.traceback),
  };
  if (report === "errors" && error !== undefined) {
    return {
      ...common,
      kind: "error",
      level: text(fields.severity) ?? "error",
      message: error,
      phase: text(fields.phase),
    };
  }
  if (report === "errors" || message === undefined) return undefined;
  const isError = fields.type === "error";
  const level = text(fields.level) ?? (isError ? "error" : "info");
  return { ...common, kind: isError ? "error" : "log", level, message, phase: undefined };
}

/** Whether a line is of that agent, or of that node and its agents. */
export function isOf(line: LogLine, target: string | undefined): boolean {
  return target === undefined || line.agent === target || line.node === target;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
