/** The list of templates, and how one becomes a spawn config. Pure. */
import { NETWORK } from "./network.ts";
import { fillIn, readParameters, TemplateError } from "./parameters.ts";
import { SENSORS } from "./sensors.ts";
import type { Template } from "./template.ts";

export const TEMPLATES: readonly Template[] = [...SENSORS, ...NETWORK];

/** The fields of a spawn config that a template produces, including permissions and packages. */
export type TemplateConfig = Readonly<Record<string, unknown>> & {
  readonly code: string;
  readonly template: string;
};

/** @throws TemplateError that lists the existing names */
export function templateNamed(name: string): Template {
  const template = TEMPLATES.find((known) => known.name === name);
  if (template !== undefined) return template;
  throw new TemplateError(
    `Unknown template '${name}': known: ${TEMPLATES.map((known) => known.name).join(", ")}`,
  );
}

/**
 * The spawn config of a template, without name and node.
 * @param given parameters; missing ones get their defaults
 * @throws TemplateError
 */
export function configFromTemplate(
  name: string,
  given: Readonly<Record<string, unknown>> = {},
): TemplateConfig {
  const { code, parameters, needs, description, capabilities, pollInterval } = templateNamed(name);
  const values = readParameters(name, parameters, given);
  const { permissions = {}, devices, install = [], secrets = [] } = needs(values);
  return {
    template: name,
    parameters: values,
    language: "typescript",
    description,
    capabilities,
    ...(pollInterval === undefined ? {} : { poll_interval: pollInterval }),
    permissions,
    ...(devices === undefined ? {} : { devices }),
    ...(install.length === 0 ? {} : { install }),
    ...(secrets.length === 0 ? {} : { secrets }),
    code: fillIn(code, values),
  };
}
