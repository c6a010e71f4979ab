/** Reads log lines and errors from the reports of nodes and agents. Pure. */
import { actorId } from "../../protocol/ids.ts";
import { isName, nameIn } from "../../protocol/names.ts";
import { topics } from "../../protocol/topics.ts";
import type { BusMessage } from "../bus.ts";
import { fieldsOf } from "../json.ts";

/** One log line. */
export interface LogLine {
  readonly kind: "log" | "error";
  /** Seconds, by the sender's clock. */
  readonly timestamp: number | undefined;
  readonly node: string | undefined;
  /** Undefined for the node's own lines. */
  readonly agent: string | undefined;
  /** `info`, `warning`, `error`, `critical`, `fatal`, `debug`. */
  readonly level: string;
  readonly message: string;
  /** For an error: where it happened. */
  readonly phase: string | undefined;
  readonly traceback: string | undefined;
}

/** The topics with the log lines of `target`, an agent or a node; without a target, those of all. */
export function logFilters(target: string | undefined): readonly string[] {
  return target === undefined || !isName(target)
    ? ["agents/+/logs"]
    : [topics.nodeLogs(target), topics.agent(actorId(target), "logs"), "agents/+/logs"];
}

/** The topics that carry errors of agents and of nodes. */
export const ERROR_FILTERS = ["agents/+/errors", "agents/+/logs"] as const;

/** @returns `undefined` when the message is not a log line */
export function readLine({ topic, payload }: Pick<BusMessage, "topic" | "payload">): LogLine | undefined {
  const [root, id, report, ...rest] = topic.split("/");
  if (root !== "agents" || rest.length > 0 || (report !== "logs" && report !== "errors")) return undefined;
  return readFields(report, fieldsOf(payload), id);
}

/** Reads a line from its fields. @param id from the topic: the log of a node is published under its name */
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

/** Whether a line belongs to that agent, or to that node or its agents. */
export function isOf(line: LogLine, target: string | undefined): boolean {
  return target === undefined || line.agent === target || line.node === target;
}

/** Whether a line comes from one of these nodes, or from an agent on it. @param nodes `undefined`: all */
export function isFrom({ node }: LogLine, nodes: ReadonlySet<string> | undefined): boolean {
  return nodes === undefined || (node !== undefined && nodes.has(node));
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
