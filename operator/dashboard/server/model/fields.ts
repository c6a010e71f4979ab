/** Reads payloads from the bus: untrusted, of any shape. Pure. */
import { isJsonObject } from "../../../../protocol/json.ts";

export type Fields = Readonly<Record<string, unknown>>;

/** The payload as JSON; `undefined` when it is not JSON. */
export function readJson(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(payload));
  } catch {
    // Ignored: any client can publish malformed payloads.
    return undefined;
  }
}

/** The inverse of `readJson`. */
export function writeJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

/** The payload as a JSON object; `undefined` when it is anything else. */
export function readFields(payload: Uint8Array): Fields | undefined {
  const value = readJson(payload);
  return isJsonObject(value) ? value : undefined;
}

/** @param max longer texts are cut and end in an ellipsis */
export function textOf(value: unknown, max = 2000): string | undefined {
  if (typeof value !== "string") return undefined;
  return value.length <= max ? value : `${value.slice(0, max - 1)}…`;
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

export function textsOf(value: unknown, maxCount: number, maxLength: number): string[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, maxCount).flatMap((item) => textOf(item, maxLength) ?? []);
}
