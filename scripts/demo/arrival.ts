/** A message that has arrived on the wire. Pure. */
import { isJsonObject } from "../../protocol/json.ts";

export interface Arrival {
  readonly topic: string;
  readonly payload: Uint8Array;
}

/** The payload as the JSON object it is; without fields when it is anything else. */
export function asObject(payload: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(payload));
    return isJsonObject(value) ? value : {};
  } catch {
    // Anybody may publish anything.
    return {};
  }
}
