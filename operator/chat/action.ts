/** Describes a tool call in full, to show it to the operator before they agree. Pure. */
import type { Tool } from "../tools/tool.ts";

export interface ActionView {
  readonly title: string;
  /** The call's fields, then the code, then a one-line summary: long code scrolls the fields off the screen. */
  readonly lines: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

export function viewOf({ title, name }: Pick<Tool, "title" | "name">, fields: Fields): ActionView {
  const { code, ...others } = fields;
  const lines = Object.entries(others).map(([key, value]) => `${key}: ${oneLine(value)}`);
  if (typeof code === "string") {
    lines.push(
      "code:",
      ...code.split(/\r\n|[\n\r\u2028\u2029]/).map((line, index) =>
        `${String(index + 1).padStart(4)} | ${line}`
      ),
    );
    if (others.name !== undefined) {
      const where = others.node === undefined ? "" : ` on ${oneLine(others.node)}`;
      lines.push(`${title}: ${oneLine(others.name)}${where}`);
    }
  }
  return { title: `${title} (${name})`, lines };
}

/** Quotes multi-line text: otherwise its lines could pose as other fields. */
function oneLine(value: unknown): string {
  return typeof value === "string" && !/\p{Cc}|\p{Zl}|\p{Zp}/u.test(value) ? value : JSON.stringify(value);
}
