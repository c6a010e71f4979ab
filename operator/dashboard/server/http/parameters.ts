/** Parses request bodies and parameters. Pure. */
import { isJsonObject } from "../../../../protocol/json.ts";
import { RequestError } from "../../../http/bodies.ts";

/** @throws RequestError when the body is not a JSON object */
export function parseBody(body: Uint8Array): Readonly<Record<string, unknown>> {
  const text = new TextDecoder().decode(body);
  let value: unknown;
  try {
    value = text.trim() === "" ? {} : JSON.parse(text);
  } catch {
    throw new RequestError("usage", "the body is not JSON");
  }
  if (isJsonObject(value)) {
    return value as Record<string, unknown>;
  }
  throw new RequestError("usage", "the body must be a JSON object");
}

/** @throws RequestError */
export function wholeNumber(
  query: URLSearchParams,
  name: string,
  fallback: number,
  max: number,
): number {
  const text = query.get(name);
  if (text === null) return fallback;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (value >= 1 && value <= max) return value;
  throw new RequestError(
    "usage",
    `${name} must be a whole number from 1 to ${max}: current value is '${text}'`,
  );
}

/** @throws RequestError when the field is missing or not text */
export function requiredText(body: Readonly<Record<string, unknown>>, name: string): string {
  const value = body[name];
  if (typeof value === "string" && value !== "") return value;
  throw new RequestError("usage", `${name} must be a text that is not empty`);
}
