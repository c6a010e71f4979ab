/** Converts payloads between agent code and the pipe. */
import type { WirePayload } from "../../protocol/frames.ts";
import { parseExactly } from "../../protocol/json.ts";

/** Strings and bytes unchanged, everything else as JSON. @throws TypeError when it is none of these */
export function toWire(data: unknown): WirePayload {
  if (typeof data === "string") return { text: data };
  if (data instanceof Uint8Array) return { base64: data.toBase64() };
  if (data instanceof ArrayBuffer) return { base64: new Uint8Array(data).toBase64() };
  return { text: toJson(data) };
}

/** JSON as the value `parse` returns; other text as a string, anything else as bytes. */
export function fromWire(payload: WirePayload, parse: (json: string) => unknown = JSON.parse): unknown {
  if ("base64" in payload) return Uint8Array.fromBase64(payload.base64);
  try {
    return parse(payload.text);
  } catch {
    // Not JSON: the text itself is the payload.
    return payload.text;
  }
}

/** A copy of `data` after a trip through JSON. @throws TypeError when JSON cannot represent it */
export function asJson(data: unknown): unknown {
  return parseExactly(toJson(data));
}

function toJson(data: unknown): string {
  try {
    return JSON.stringify(data) ?? "null";
  } catch (error) {
    throw new TypeError(`the data is not JSON: ${(error as Error).message}`);
  }
}

/** Turns a value into message text: a string unchanged, an error's text, anything else as JSON or as `console` shows it. */
export function toMessage(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Error) return String(value);
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    // Circular structures and bigints cannot be JSON.
    return Deno.inspect(value);
  }
}
