/** The form for a spawn config. Pure. */
import { isJsonObject } from "../../../../protocol/json.ts";
import { type Language, LANGUAGES } from "../../../../protocol/language.ts";
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

/** Fields that the form has a control for. */
const OWN_FIELDS: ReadonlySet<string> = new Set(Object.keys(EMPTY_FORM));
/** Fields of one placement on a node, not of the agent itself. */
const OF_PLACEMENT: ReadonlySet<string> = new Set(["epoch", "node", "replace"]);

/** The form for editing an existing agent. @param isLive whether it runs, so that spawning must replace it */
export function formOf(
  config: Readonly<Record<string, unknown>>,
  code: string,
  node: string,
  isLive: boolean,
): SpawnForm {
  const text = (field: keyof SpawnForm & string) => {
    const value = config[field];
    if (Array.isArray(value)) return value.join(", ");
    return typeof value === "string" || typeof value === "number" ? String(value) : String(EMPTY_FORM[field]);
  };
  const others = Object.entries(config).filter(([name]) => !OWN_FIELDS.has(name) && !OF_PLACEMENT.has(name));
  return {
    name: text("name"),
    node,
    code,
    language: LANGUAGES.find((known) => known === config.language) ?? "",
    description: text("description"),
    capabilities: text("capabilities"),
    install: text("install"),
    poll_interval: text("poll_interval"),
    max_restarts: text("max_restarts"),
    restart_delay: text("restart_delay"),
    replace: isLive,
    extra: others.length === 0 ? "" : JSON.stringify(Object.fromEntries(others), null, 2),
  };
}

/** Parses a saved draft; undefined if it is not a form. */
export function formInDraft(draft: string): SpawnForm | undefined {
  try {
    const value: unknown = JSON.parse(draft);
    if (!isJsonObject(value)) return undefined;
    const isForm = Object.entries(EMPTY_FORM).every(([name, empty]) => typeof value[name] === typeof empty);
    return isForm ? value as unknown as SpawnForm : undefined;
  } catch {
    return undefined;
  }
}

/** Describes the changed fields, except the code. */
export function fieldChanges(before: SpawnForm, after: SpawnForm): string[] {
  const names = Object.keys(EMPTY_FORM) as (keyof SpawnForm)[];
  return names.filter((name) => name !== "code" && name !== "replace" && before[name] !== after[name]).map((
    name,
  ) => `${name}: ${shown(before[name])} → ${shown(after[name])}`);
}

function shown(value: string | boolean): string {
  return value === "" ? "nothing" : String(value);
}
