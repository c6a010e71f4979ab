/**
 * The envelope of a signature: a command is an object with a field `_jws`, a compact JWS whose payload holds the command
 * itself. The fields beside `_jws` are a copy for readers that do not verify. Pure, and without a library: nodes that
 * trust everybody read it too.
 */
import { Buffer } from "node:buffer";
import { isJsonObject, parseExactly } from "../json.ts";

type Fields = Readonly<Record<string, unknown>>;

/** A received command, split into its parts. */
export interface Envelope {
  /** `undefined` if it is not signed. */
  readonly jws: string | undefined;
  /** The fields beside the signature; `undefined` if there are none. */
  readonly plain: unknown;
}

/** The header of a compact JWS, from a message that has not been parsed. */
const HEADER = /^"_jws"\s*:\s*"([A-Za-z0-9_-]{1,1000})\./;
const MOST_HEADER_BYTES = 1100;

/**
 * The id of the key that a message says it is signed by, found without parsing the message; `undefined` if none. It says
 * nothing about whether the message is a command, or signed.
 */
export function claimedKey(payload: Uint8Array): string | undefined {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  const at = bytes.indexOf('"_jws"');
  const header = HEADER.exec(at < 0 ? "" : bytes.toString("latin1", at, at + MOST_HEADER_BYTES))?.[1];
  if (header === undefined) return undefined;
  try {
    const { kid } = JSON.parse(Buffer.from(header, "base64url").toString());
    return typeof kid === "string" ? kid : undefined;
  } catch {
    // No header: the command is refused when it is parsed.
    return undefined;
  }
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
