/** Reads payloads of unknown origin: never throws. */
import { parseExactly } from "../protocol/json.ts";
import { isJsonObject } from "../protocol/json.ts";

/** The payload as a JSON object; `{}` for anything else. */
export function fieldsOf(payload: Uint8Array): Readonly<Record<string, unknown>> {
  const value = valueOf(payload);
  return isJsonObject(value) ? value : {};
}

/** The payload as JSON, else as text; `undefined` when it is neither. */
export function valueOf(payload: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(payload);
  } catch {
    // Bytes.
    return undefined;
  }
  try {
    return parseExactly(text);
  } catch {
    // Plain text.
    return text;
  }
}
