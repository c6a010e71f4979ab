/** The form for a spawn config. Pure. */
import { isJsonObject } from "../../../../protocol/json.ts";
import type { Language } from "../../../../protocol/language.ts";
import { isName, NAME_RULE } from "../../../../protocol/names.ts";
import { SPAWN_FIELDS } from "../../../../protocol/spawn_fields.ts";

/** The contents of the fields, as text. */
export interface SpawnForm {
  readonly name: string;
  readonly node: string;
  readonly code: string;
  /** Empty: the node detects it from the code. */
  readonly language: "" | Language;
  readonly description: string;
  /** Separated by commas or spaces. */
  readonly capabilities: string;
  readonly install: string;
  readonly poll_interval: string;
  readonly max_restarts: string;
  readonly restart_delay: string;
  readonly replace: boolean;
  /** JSON object of any other fields. */
  readonly extra: string;
}

export const EMPTY_FORM: SpawnForm = {
  name: "",
  node: "",
  code: "",
  language: "",
  description: "",
  capabilities: "",
  install: "",
  poll_interval: String(SPAWN_FIELDS.poll_interval.default),
  max_restarts: String(SPAWN_FIELDS.max_restarts.default),
  restart_delay: String(SPAWN_FIELDS.restart_delay.default),
  replace: false,
  extra: "",
};

export type Problems = Partial<Record<keyof SpawnForm, string>>;

/** Validation errors by field. */
export function problemsOf(form: SpawnForm): Problems {
  const problems: Problems = {};
  if (!isName(form.name)) problems.name = NAME_RULE;
  if (form.node === "") problems.node = "Choose a node";
  if (form.code.trim() === "") problems.code = "An agent needs code";
  if (!(Number(form.poll_interval) > 0)) problems.poll_interval = "Seconds, above 0";
  if (!/^\d+$/.test(form.max_restarts)) problems.max_restarts = "A whole number, 0 or more";
  if (form.restart_delay.trim() === "" || !(Number(form.restart_delay) >= 0)) {
    problems.restart_delay = "Seconds, 0 or more";
  }
  if (extraOf(form.extra) === undefined) problems.extra = "A JSON object, or nothing";
  return problems;
}

/** The config described by the form, without fields left at their defaults. */
export function configOf(form: SpawnForm): Record<string, unknown> {
  const capabilities = listOf(form.capabilities);
  const install = installOf(form);
  return {
    ...extraOf(form.extra),
    name: form.name,
    code: form.code,
    poll_interval: Number(form.poll_interval),
    max_restarts: Number(form.max_restarts),
    restart_delay: Number(form.restart_delay),
    ...(form.language === "" ? {} : { language: form.language }),
    ...(form.description.trim() === "" ? {} : { description: form.description.trim() }),
    ...(capabilities.length === 0 ? {} : { capabilities }),
    ...(install.length === 0 ? {} : { install }),
    ...(form.replace ? { replace: true } : {}),
  };
}

/** The packages in the form. */
export function installOf(form: SpawnForm): string[] {
  return listOf(form.install);
}

function listOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((item) => item !== "");
}

function extraOf(text: string): Record<string, unknown> | undefined {
  if (text.trim() === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
