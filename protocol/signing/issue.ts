/** Creates keys and signed commands: used by operators' tools, not by nodes. */
import { isJsonObject } from "../json.ts";
import { exportJWK, generateKeyPair, type JWK } from "jose";
import { sign } from "./jws.ts";

/** A key with its private half, as the signer stores it. */
export interface SigningKey {
  readonly kid: string;
  readonly private: JWK;
}

export async function generateKey(kid: string): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  return { kid, private: await exportJWK(privateKey) };
}

/** The public half, for nodes. */
export function publicHalf({ private: { kty, crv, x } }: SigningKey): JWK {
  return { kty, crv, x } as JWK;
}

/** Where and how long a signed command is valid. */
export interface Validity {
  readonly node: string;
  readonly topic: string;
  readonly nowSeconds: number;
  readonly ttlSeconds: number;
  readonly jti?: string;
}

/** A signed command as nodes accept it. @param compact omit the copy for readers that do not verify */
export async function signCommand(
  key: SigningKey,
  command: unknown,
  { node, topic, nowSeconds: iat, ttlSeconds, jti = crypto.randomUUID() }: Validity,
  compact = false,
): Promise<Readonly<Record<string, unknown>>> {
  const claims = { iat, exp: iat + ttlSeconds, jti, node, topic, command };
  const _jws = await sign(claims, key.kid, key.private);
  return compact || !isJsonObject(command) ? { _jws } : { ...command, _jws };
}
