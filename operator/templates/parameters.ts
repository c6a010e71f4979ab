/** Checks the parameters of a template and writes them into its code. Pure. */
import { ExpectedError } from "../../protocol/expected_error.ts";
import { filterError, publishTopicError } from "../../protocol/topics.ts";
import type { Parameter, Parameters, ParameterValue, ParameterValues } from "./template.ts";

/** The template does not exist, or a parameter is invalid. The message is for the operator. */
export class TemplateError extends ExpectedError {
  override name = "TemplateError";
  override readonly code = "usage";
}

const BLOCK = /^const PARAMETERS: Parameters = \{\n(?: {2}.*\n)*\};$/m;

/**
 * The values of all parameters: the given ones, else the defaults.
 * @throws TemplateError "Template 'threshold': above must be a number: current value is "hot""
 */
export function readParameters(
  template: string,
  parameters: Parameters,
  given: Readonly<Record<string, unknown>>,
): ParameterValues {
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(parameters, name)) continue;
    const known = Object.keys(parameters).join(", ");
    throw new TemplateError(`Template '${template}' has no parameter '${name}': it has ${known}`);
  }
  const entries = Object.entries(parameters).map(([name, parameter]) => {
    const value = given[name];
    if (value === undefined) return [name, parameter.default] as const;
    const problem = problemWith(parameter, value);
    if (problem === undefined) return [name, value as ParameterValue] as const;
    const current = JSON.stringify(value).slice(0, 80);
    throw new TemplateError(`Template '${template}': ${name} ${problem}: current value is ${current}`);
  });
  return Object.freeze(Object.fromEntries(entries));
}

/**
 * Writes the values into the code's parameter block. Line numbers stay the same, and the values are written as JSON, so
 * they can never become code.
 */
export function fillIn(code: string, values: ParameterValues): string {
  const lines = Object.entries(values).map(([name, value]) =>
    `  ${JSON.stringify(name)}: ${JSON.stringify(value)},\n`
  );
  if (!BLOCK.test(code)) throw new Error("The template has no parameter block");
  return code.replace(BLOCK, () => `const PARAMETERS: Parameters = {\n${lines.join("")}};`);
}

/** Why the value is invalid; `undefined` when it is valid. */
function problemWith(parameter: Parameter, value: unknown): string | undefined {
  if (parameter.kind === "number") return numberProblem(parameter, value);
  if (parameter.kind === "flag") return typeof value === "boolean" ? undefined : "must be true or false";
  if (typeof value !== "string") return "must be text";
  if (value.length > 4096) return "must not be longer than 4096 characters";
  switch (parameter.kind) {
    case "topic":
      return unusable(publishTopicError(value));
    case "filter":
      return unusable(filterError(value));
    case "choice":
      return parameter.choices.includes(value) ? undefined : `must be one of ${parameter.choices.join(", ")}`;
    case "text":
      return parameter.pattern?.test(value) ?? true ? undefined : `must be ${parameter.rule}`;
    default:
      return parameter satisfies never;
  }
}

function unusable(reason: string | undefined): string | undefined {
  return reason === undefined ? undefined : `cannot be used, ${reason}`;
}

function numberProblem(
  { min = -Infinity, max = Infinity, isWhole = false, isOptional = false }: Parameter & { kind: "number" },
  value: unknown,
): string | undefined {
  if (value === null && isOptional) return undefined;
  if (typeof value !== "number" || !Number.isFinite(value)) return "must be a number";
  if (isWhole && !Number.isInteger(value)) return "must be a whole number";
  if (value < min) return `must be ${min} or more`;
  return value > max ? `must not exceed ${max}` : undefined;
}
