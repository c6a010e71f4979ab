/** What a call of a tool would do, in full, as it is shown before anybody agrees. Pure. */
import { configFromTemplate } from "../operator/templates/catalog.ts";
import type { Tool } from "../operator/tools/tool.ts";

export interface ActionView {
  readonly title: string;
  /** Fields of the call, code last. */
  readonly lines: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

/** @throws TemplateError when there is no such template */
export function viewOf({ title, name }: Pick<Tool, "title" | "name">, input: unknown): ActionView {
  const fields = isObject(input) ? input : { input };
  const { code, ...others } = name === "spawn_agent" ? withTemplate(fields) : fields;
  // That it asks for nothing is worth to be known, too.
  const shown = name === "spawn_agent" && others.permissions === undefined
    ? { ...others, permissions: "none beyond the sandbox" }
    : others;
  const lines = Object.entries(shown).map(([key, value]) => `${key}: ${oneLine(value)}`);
  if (typeof code === "string") {
    lines.push(
      "code:",
      ...code.split("\n").map((line, index) => `${String(index + 1).padStart(4)} | ${line}`),
    );
  }
  return { title: `${title} (${name})`, lines };
}

/** What the template stands for: its code and what it asks for are what one agrees to. */
function withTemplate(fields: Fields): Fields {
  const { template, parameters, ...others } = fields;
  if (typeof template !== "string") return fields;
  return { ...configFromTemplate(template, isObject(parameters) ? parameters : {}), ...others };
}

function oneLine(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
