/** Converts payloads for Python code. */
import { MAX_NESTING, nestsTooDeep } from "../../../protocol/json.ts";

/** The kind of a payload, and its form at the border. */
export type ForPython = ["json" | "text", string] | ["bytes", Uint8Array];

/**
 * JSON as text, other text unchanged, bytes as bytes; `agentflow.py` turns them into Python values.
 * @throws RangeError when reading it would overflow the interpreter's stack
 */
export function toPython(payload: unknown): ForPython {
  if (payload instanceof Uint8Array) return ["bytes", payload];
  if (nestsTooDeep(payload)) throw new RangeError(`the payload nests deeper than ${MAX_NESTING} levels`);
  return typeof payload === "string" ? ["text", payload] : ["json", JSON.stringify(payload) ?? "null"];
}
