/** Formats tool results for people: as a table or as lines. Pure. */
import { isJsonObject } from "../../protocol/json.ts";
import { oneLine, printable } from "../../protocol/printable.ts";
import type { ToolResult } from "../tools/tool.ts";

/** Cells and lines may hold text from the network; control characters have been made harmless. */
export type Shown =
  | {
    readonly kind: "table";
    readonly titles: readonly string[];
    readonly rows: readonly (readonly string[])[];
  }
  | { readonly kind: "lines"; readonly lines: readonly string[] };

type Row = Readonly<Record<string, unknown>>;
type Column = readonly [title: string, key: string];

const NODES: readonly Column[] = [["NODE", "node"], ["STATE", "state"], ["AGENTS", "agents"], [
  "VERSION",
  "version",
]];
const AGENTS: readonly Column[] = [["AGENT", "agent"], ["NODE", "node"], ["STATE", "state"], [
  "DESCRIPTION",
  "description",
]];

export function shownOf(tool: string, result: ToolResult): Shown {
  const { nodes, agents, note } = result.value;
  if (result.ok && tool === "list_nodes" && isRows(nodes)) {
    return tableOf(NODES, nodes, "No node has been heard of at this broker");
  }
  if (result.ok && tool === "list_agents" && isRows(agents)) {
    return tableOf(AGENTS, agents, typeof note === "string" ? printable(note) : "No agent runs there");
  }
  return { kind: "lines", lines: plainLines(tool, result).map(printable) };
}

function tableOf(columns: readonly Column[], rows: readonly Row[], none: string): Shown {
  if (rows.length === 0) return { kind: "lines", lines: [none] };
  return {
    kind: "table",
    titles: columns.map(([title]) => title),
    rows: rows.map((row) => columns.map(([, key]) => oneLine(text(row[key])))),
  };
}

function text(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  const isWords = Array.isArray(value) && value.every((item) => typeof item === "string");
  return isWords ? value.join(", ") : JSON.stringify(value);
}

function plainLines(tool: string, { ok, value }: ToolResult): string[] {
  if (!ok) return failure(value);
  const { lines, notes, node, agent, state } = value;
  if (isRows(lines)) {
    const said = lines.length === 0 ? [NONE[tool] ?? "None"] : lines.flatMap(logLine);
    return [...said, ...(Array.isArray(notes) ? notes.map(text) : [])];
  }
  switch (tool) {
    case "spawn_agent":
    case "update_agent":
      return [`Agent '${text(agent)}' runs on ${text(node)}`];
    case "stop_agent":
    case "restart_agent":
    case "pause_agent":
    case "resume_agent":
      return [`Agent '${text(agent)}' is ${text(state)} on ${text(node)}`];
    case "migrate_agent":
      return [`Agent '${text(agent)}' has moved from ${text(value.from)} to ${text(value.to)}`];
    case "get_fleet":
      return fleetState(value);
    case "diff_fleet":
      return value.same === true ? ["The fleet matches the file"] : steps(value.plan);
    case "apply_fleet":
      return value.rollout === undefined
        ? [`Fleet '${text(value.fleet)}' has generation ${text(value.generation)}`, ...steps(value.results)]
        : [`The roll-out of fleet '${text(value.fleet)}' is ${text(value.rollout)}`];
    default:
      return [JSON.stringify(value)];
  }
}

function fleetState({ fleet, generation, rollout, nodes }: Row): string[] {
  const name = `Fleet '${text(fleet)}'`;
  if (generation === undefined) return [`${name}: nothing has been applied`];
  const under = isJsonObject(rollout)
    ? [`Roll-out by ${text(rollout.by)}: ${text(rollout.phase)}, wave ${text(rollout.wave)}`]
    : [];
  const each = isRows(nodes)
    ? nodes.map(({ node, state, why }) =>
      `${text(node)}: ${text(state)}${why === undefined ? "" : `: ${text(why)}`}`
    )
    : [];
  return [`${name} has generation ${text(generation)}`, ...under, ...each];
}

function steps(value: unknown): string[] {
  return isRows(value)
    ? value.map(({ step, node, agent, pending }) =>
      `${text(step)} ${text(node)}/${text(agent)}${pending === undefined ? "" : `: ${text(pending)}`}`
    )
    : [];
}

const NONE: Readonly<Record<string, string>> = {
  read_logs: "Nothing has been logged",
  read_errors: "No errors are known",
};

function failure({ error, phase, traceback, rolledBack, problems }: Row): string[] {
  const lines = [`Failed${phase === undefined ? "" : ` in ${text(phase)}`}: ${text(error ?? problems)}`];
  if (typeof traceback === "string") lines.push(...traceback.split("\n").map((line) => `  ${line}`));
  if (rolledBack === true) lines.push("The code before runs again");
  return lines;
}

function logLine({ timestamp, level, agent, node, message, traceback }: Row): string[] {
  const time = typeof timestamp === "number"
    ? `${new Date(timestamp * 1000).toTimeString().slice(0, 8)} `
    : "";
  const head = oneLine(`${time}${text(level).padEnd(8)} ${text(agent ?? node)}: ${text(message)}`);
  return typeof traceback === "string" ? [head, ...traceback.split("\n").map((line) => `  ${line}`)] : [head];
}

function isRows(value: unknown): value is readonly Row[] {
  return Array.isArray(value);
}
