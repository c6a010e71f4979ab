/** What tools come back with, as lines for people. Pure. */
import type { ToolResult } from "../../operator/tools/tool.ts";
import { type Column, table } from "../render/table.ts";
import { printable } from "../terminal.ts";

type Row = Readonly<Record<string, unknown>>;
interface View {
  readonly colour: boolean;
  readonly width: number;
}

const text = (value: unknown): string =>
  value === undefined || value === null ? "" : typeof value === "string" ? value : JSON.stringify(value);
const column = (title: string, key: string): Column<Row> => ({ title, text: (row) => text(row[key]) });

const NODES: readonly Column<Row>[] = [
  column("NODE", "node"),
  column("STATE", "state"),
  { title: "AGENTS", text: ({ agents }) => Array.isArray(agents) ? agents.join(", ") : "" },
  column("VERSION", "version"),
];
const AGENTS: readonly Column<Row>[] = [
  column("AGENT", "agent"),
  column("NODE", "node"),
  column("STATE", "state"),
  column("DESCRIPTION", "description"),
];

/** @returns what can be printed as it is */
export function linesFor(tool: string, result: ToolResult, view: View): string[] {
  const { nodes, agents } = result.value;
  if (result.ok && tool === "list_nodes" && isRows(nodes)) {
    return nodes.length === 0 ? ["No node has been heard of at this broker"] : table(NODES, nodes, view);
  }
  if (result.ok && tool === "list_agents" && isRows(agents)) {
    return agents.length === 0 ? ["No agent runs there"] : table(AGENTS, agents, view);
  }
  return plainLines(tool, result).map(printable);
}

function plainLines(tool: string, { ok, value }: ToolResult): string[] {
  if (!ok) return failure(value);
  const { lines, node, agent, state } = value;
  if (isRows(lines)) {
    return lines.length === 0 ? ["Nothing was logged while this program listened"] : lines.flatMap(logLine);
  }
  switch (tool) {
    case "spawn_agent":
    case "update_agent":
      return [`Agent '${text(agent)}' runs on ${text(node)}`];
    case "stop_agent":
      return [`Agent '${text(agent)}' is ${text(state)} on ${text(node)}`];
    case "migrate_agent":
      return [`Agent '${text(agent)}' has moved from ${text(value.from)} to ${text(value.to)}`];
    default:
      return [JSON.stringify(value)];
  }
}

function failure({ error, phase, traceback, rolledBack, problems }: Row): string[] {
  const lines = [`Failed${phase === undefined ? "" : ` in ${text(phase)}`}: ${text(error ?? problems)}`];
  if (typeof traceback === "string") lines.push(...traceback.split("\n").map((line) => `  ${line}`));
  if (rolledBack === true) lines.push("The code before runs again");
  return lines;
}

function logLine({ level, agent, node, message, traceback }: Row): string[] {
  const head = `${text(level).padEnd(8)} ${text(agent ?? node)}: ${text(message)}`;
  return typeof traceback === "string" ? [head, ...traceback.split("\n").map((line) => `  ${line}`)] : [head];
}

function isRows(value: unknown): value is readonly Row[] {
  return Array.isArray(value);
}
