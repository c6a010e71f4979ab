/** Payloads on their way to Python code. */

/** What a payload is, and how it crosses the border. */
export type ForPython = ["json" | "text", string] | ["bytes", Uint8Array];

/** JSON as text, other text as it is, bytes as bytes: `agentflow.py` makes its own values of them. */
export function toPython(payload: unknown): ForPython {
  if (payload instanceof Uint8Array) return ["bytes", payload];
  return typeof payload === "string" ? ["text", payload] : ["json", JSON.stringify(payload) ?? "null"];
}
