/** The templates there are, and how one becomes a spawn config. Pure. */
import { NETWORK } from "./network.ts";
import { fillIn, readParameters, TemplateError } from "./parameters.ts";
import { SENSORS } from "./sensors.ts";
import type { Template } from "./template.ts";

export const TEMPLATES: readonly Template[] = [...SENSORS, ...NETWORK];

/** What a template makes: fields of a spawn config, permissions and packages included. */
export type TemplateConfig = Readonly<Record<string, unknown>> & {
  readonly code: string;
  readonly template: string;
};

/** @throws TemplateError with the names that there are */
export function templateNamed(name: string): Template {
  const template = TEMPLATES.find((known) => known.name === name);
  if (template !== undefined) return template;
  throw new TemplateError(
    `There is no template '${name}': there are ${TEMPLATES.map((known) => known.name).join(", ")}`,
  );
}

/**
 * The spawn config of a template, without name and node.
 * @param given parameters; those left out are the defaults
 * @throws TemplateError
 */
export function configFromTemplate(
  name: string,
  given: Readonly<Record<string, unknown>> = {},
): TemplateConfig {
  const { code, parameters, needs, description, capabilities, pollInterval } = templateNamed(name);
  const values = readParameters(name, parameters, given);
  const { permissions = {}, install = [], secrets = [] } = needs(values);
  return {
    template: name,
    parameters: values,
    language: "typescript",
    description,
    capabilities,
    ...(pollInterval === undefined ? {} : { poll_interval: pollInterval }),
    permissions,
    ...(install.length === 0 ? {} : { install }),
    ...(secrets.length === 0 ? {} : { secrets }),
    code: fillIn(code, values),
  };
}
