/** Formats tool results as terminal lines. Pure. */
import { shownOf } from "../../chat/show.ts";
import type { ToolResult } from "../../tools/tool.ts";
import { table } from "../render/table.ts";

interface View {
  readonly colour: boolean;
  readonly width: number;
}

/** @returns lines that are safe to print */
export function linesFor(tool: string, result: ToolResult, view: View): readonly string[] {
  const shown = shownOf(tool, result);
  if (shown.kind === "lines") return shown.lines;
  const columns = shown.titles.map((title, index) => ({
    title,
    text: (row: readonly string[]) => row[index] ?? "",
  }));
  return table(columns, shown.rows, view);
}
