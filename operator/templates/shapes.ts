/** Parts that templates have in common: kinds of parameters, and what reading a file or a host needs. Pure. */
import { TemplateError } from "./parameters.ts";
import type { Needs, Parameter } from "./template.ts";

const ABSOLUTE = /^\/[^,\p{Cc}]*$/u;
const SECRET_NAME = /^(?:[A-Za-z0-9][\w.-]*)?$/;

export const outputTopic = (fallback: string): Parameter => ({
  kind: "topic",
  default: fallback,
  doc: "Where it publishes.",
});

export const inputFilter: Parameter = {
  kind: "filter",
  default: "sensors/temperature",
  doc: "Topic or filter of the readings.",
};

export const inputField: Parameter = {
  kind: "text",
  default: "value",
  doc: "The number in a JSON object; without it the payload is the number.",
};

/** @param fallback `""`: may be left open */
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

/** Deno keeps these folders from all that it confines: `cat` reads there for the agent. */
export function readingNeeds(file: string): Needs {
  return /^\/(sys|proc|dev)\//.test(file)
    ? { permissions: { run: ["/usr/bin/cat"] } }
    : { permissions: { read: [file] } };
}

/**
 * HOST:PORT of a URL, as Deno names what may be connected to.
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
