/** What a call of a tool would do, in full, as it is shown before anybody agrees. Pure. */
import type { Tool } from "../operator/tools/tool.ts";

export interface ActionView {
  readonly title: string;
  /** Fields of the call, code last. */
  readonly lines: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

export function viewOf({ title, name }: Pick<Tool, "title" | "name">, fields: Fields): ActionView {
  const { code, ...others } = fields;
  const lines = Object.entries(others).map(([key, value]) => `${key}: ${oneLine(value)}`);
  if (typeof code === "string") {
    lines.push(
      "code:",
      ...code.split("\n").map((line, index) => `${String(index + 1).padStart(4)} | ${line}`),
    );
  }
  return { title: `${title} (${name})`, lines };
}

function oneLine(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
