/** What anybody may have published, read as far as it can be. */
import { parseExactly } from "../protocol/json.ts";
import { isJsonObject } from "../protocol/json.ts";

/** The payload as a JSON object; an empty one for anything else. */
export function fieldsOf(payload: Uint8Array): Readonly<Record<string, unknown>> {
  const value = valueOf(payload);
  return isJsonObject(value) ? value : {};
}

/** The payload as JSON, else as text; `undefined` for what is neither. */
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
