/** Parts that templates share: kinds of parameters, and the permissions to read a file or reach a host. Pure. */
import { TemplateError } from "./parameters.ts";
import type { SensorKind } from "../../protocol/devices/sensors.ts";
import type { Needs, Parameter, Parameters, ParameterValues } from "./template.ts";

const ABSOLUTE = /^\/[^,\p{Cc}]*$/u;
const SENSOR = /^[a-z0-9][\w.:@/-]{0,199}$/;
const SECRET_NAME = /^(?:[A-Za-z0-9][\w.-]*)?$/;

export const outputTopic = (fallback: string): Parameter => ({
  kind: "topic",
  default: fallback,
  doc: "Topic to publish to.",
});

export const inputFilter: Parameter = {
  kind: "filter",
  default: "sensors/temperature",
  doc: "Topic or filter of the readings.",
};

export const inputField: Parameter = {
  kind: "text",
  default: "value",
  doc: "Field of a JSON object that holds the number; empty: the payload is the number.",
};

/** @param fallback `""` makes the parameter optional */
export const path = (fallback: string, doc: string): Parameter => ({
  kind: "text",
  default: fallback,
  doc,
  pattern: fallback === "" ? /^(?:\/[^,\p{Cc}]*)?$/u : ABSOLUTE,
  rule: "an absolute path without commas",
});

export const number = (
  fallback: number | null,
  doc: string,
  bounds: Partial<Pick<Parameter & { kind: "number" }, "min" | "max" | "isWhole" | "isOptional">> = {},
): Parameter => ({ kind: "number", default: fallback, doc, ...bounds });

export const text = (fallback: string, doc: string, pattern = /^/, rule = "text"): Parameter => ({
  kind: "text",
  default: fallback,
  doc,
  pattern,
  rule,
});

export const secretName = (doc: string): Parameter => text("", doc, SECRET_NAME, "the name of a secret");

export const flag = (doc: string): Parameter => ({ kind: "flag", default: false, doc });

export const simulate = flag("Whether to do without the device, with made-up readings.");

/** A line of a GPIO chip. */
export const lineOf = (fallback: string): Parameter =>
  text(
    fallback,
    "The line, by its name or as CHIP:LINE.",
    /^[A-Za-z][\w+#./:-]{0,40}$/,
    "the name of a GPIO line, or CHIP:LINE",
  );

export const lineNeeds = ({ line, simulate }: ParameterValues): Needs =>
  simulate === true ? {} : { devices: { gpio: [String(line)] } };

/** Parameters for a sensor of the node, or for simulated readings in its place. */
export const sensorOf = (kind: SensorKind): Parameters => ({
  sensor: text(
    kind,
    `Id of the sensor; ${kind}: the first that the node has.`,
    SENSOR,
    "the id or kind of a sensor",
  ),
  simulate,
});

export const sensorNeeds = ({ sensor, simulate }: ParameterValues): Needs =>
  simulate === true ? {} : { devices: { sensors: [String(sensor)] } };

/**
 * HOST:PORT of a URL, in the form of a Deno net permission.
 * @throws TemplateError
 */
export function hostOf(url: string): string {
  if (!URL.canParse(url)) throw new TemplateError(`'${url}' is no URL`);
  const PORTS: Readonly<Record<string, string>> = {
    "http:": "80",
    "https:": "443",
    "mqtt:": "1883",
    "mqtts:": "8883",
    "ws:": "80",
    "wss:": "443",
  };
  const { protocol, hostname, port } = new URL(url);
  return `${hostname}:${port === "" ? PORTS[protocol] : port}`;
}
