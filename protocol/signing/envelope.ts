/**
 * The envelope of a signature: a command is an object with a field `_jws`, a compact JWS whose payload holds the command
 * itself. The fields beside `_jws` are a copy for readers that do not verify. Pure, and without a library: nodes that
 * trust everybody read it too.
 */
import { isJsonObject, parseExactly } from "../json.ts";
type Fields = Readonly<Record<string, unknown>>;

/** A received command, split into its parts. */
export interface Envelope {
  /** `undefined` if it is not signed. */
  readonly jws: string | undefined;
  /** The fields beside the signature; `undefined` if there are none. */
  readonly plain: unknown;
}

export function openEnvelope(json: unknown): Envelope {
  if (!isJsonObject(json) || !("_jws" in json)) return { jws: undefined, plain: json };
  const { _jws, ...beside } = json;
  const plain = Object.keys(beside).length === 0 ? undefined : beside;
  return { jws: typeof _jws === "string" ? _jws : "", plain };
}

/** The command for a node that does not verify: the copy, or else the content of the JWS. */
export function withoutVerifying(json: unknown): unknown {
  const { jws, plain } = openEnvelope(json);
  return jws === undefined || plain !== undefined ? json : commandIn(jws) ?? json;
}

function commandIn(jws: string): unknown {
  try {
    const payload = Uint8Array.fromBase64(jws.split(".")[1] ?? "", { alphabet: "base64url" });
    const { command } = parseExactly(new TextDecoder().decode(payload)) as { readonly command?: unknown };
    return isJsonObject(command) ? { ...command, _jws: jws } : command;
  } catch {
    // Not a JWS: the command's own parser reports what is missing.
    return undefined;
  }
}
