/** Signs commands for nodes that run with `--trust`, using a private key from `agentflow key generate`. */
import { readTextFile } from "../protocol/config/text_file.ts";
import { isJsonObject } from "../protocol/json.ts";
import { signCommand, type SigningKey } from "../protocol/signing/issue.ts";
import { ConfigError } from "../protocol/config/config_error.ts";

/** Lifetime of the signature of a command that is not retained. */
const TTL_SECONDS = 10 * 60;
/** Lifetime of the signature of a command that the broker keeps for a node that is offline. */
const RETAINED_TTL_SECONDS = 30 * 24 * 3600;

export class Signer {
  constructor(private readonly key: SigningKey) {}

  /**
   * @param path a key file from `agentflow key generate`, which no other user may read
   * @throws ConfigError
   */
  static async open(path: string): Promise<Signer> {
    return new Signer(await readKey(path, "--sign-key"));
  }

  get kid(): string {
    return this.key.kid;
  }

  /** The public half, as the `x` of the key. */
  get public(): string {
    return String(this.key.private.x);
  }

  /** The signature of a statement, base64url: what is no command. */
  async seal(text: string): Promise<string> {
    return await sealBy(this.key, text);
  }

  /** The command in its signed form, for that node and topic. */
  async sign(
    command: unknown,
    where: { readonly node: string; readonly topic: string; readonly retain: boolean },
  ): Promise<Readonly<Record<string, unknown>>> {
    return await signCommand(this.key, command, {
      node: where.node,
      topic: where.topic,
      nowSeconds: Date.now() / 1000,
      ttlSeconds: where.retain ? RETAINED_TTL_SECONDS : TTL_SECONDS,
    });
  }
}

/** A statement by this key. @returns the signature, base64url */
async function sealBy({ private: jwk }: SigningKey, text: string): Promise<string> {
  const key = await crypto.subtle.importKey("jwk", jwk, { name: "Ed25519" }, false, ["sign"]);
  const signature = await crypto.subtle.sign("Ed25519", key, new TextEncoder().encode(text));
  return new Uint8Array(signature).toBase64({ alphabet: "base64url", omitPadding: true });
}

/**
 * Reads a key file from `agentflow key generate`. No other user may have access to it.
 * @param flag the flag that named the file, for error messages
 * @throws ConfigError
 */
export async function readKey(path: string, flag: string): Promise<SigningKey> {
  const { mode, uid } = await Deno.stat(path).catch((error) => {
    throw new ConfigError(`${flag}: cannot read '${path}': ${(error as Error).message}`);
  });
  if (uid === Deno.uid() && ((mode ?? 0) & 0o077) !== 0) {
    throw new ConfigError(`${flag}: other users have access to '${path}': chmod 600 ${path}`);
  }
  return parseKey(path, flag, await readTextFile(path));
}

function parseKey(path: string, flag: string, text: string): SigningKey {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // Not the parser's own words: they may quote the key.
    throw new ConfigError(`${flag}: '${path}' is not JSON`);
  }
  if (isJsonObject(json) && typeof json.kid === "string" && isJsonObject(json.private)) {
    const { kid, private: { kty, crv, x, d } } = json;
    if (kty === "OKP" && crv === "Ed25519" && typeof x === "string" && typeof d === "string") {
      return { kid, private: { kty, crv, x, d } };
    }
  }
  throw new ConfigError(`${flag}: '${path}' is not a key file from 'agentflow key generate'`);
}
