/** Creates and checks signatures. The only module that loads the JWS library. */
import { CompactSign, compactVerify, decodeProtectedHeader, importJWK, type JWK } from "jose";
import { type Claims, parseClaims } from "./decision.ts";
import type { KeySet, TrustedKey } from "./keys.ts";
import { Refusal, type Signer } from "./refusal.ts";

/** Marks our tokens, so that a token made by the same key for another purpose is not taken for a command. */
const TYPE = "agentflow-command";

/** A valid signature. */
export interface Verified {
  readonly key: TrustedKey;
  readonly claims: Claims;
  readonly signer: Signer;
}

/** @throws Refusal `malformed`, `unknown_key` or `tampered` */
export async function verify(jws: string, keys: KeySet): Promise<Verified> {
  const kid = kidOf(jws);
  const key = keys.keys.get(kid);
  if (key === undefined) throw new Refusal("unknown_key", `no key '${kid}' is trusted here`, { kid });
  let payload: Uint8Array;
  try {
    const options = { algorithms: ["EdDSA", "Ed25519"] };
    // The library caches imported keys by object identity.
    ({ payload } = await compactVerify(jws, key.public, options));
  } catch (error) {
    const reason = (error as Error).message;
    throw new Refusal("tampered", `the signature of key '${kid}' does not hold (${reason})`, { kid });
  }
  try {
    const claims = parseClaims(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload)));
    return { key, claims, signer: { kid, jti: claims.jti } };
  } catch (error) {
    throw new Refusal("malformed", `what is signed is no command (${(error as Error).message})`, { kid });
  }
}

function kidOf(jws: string): string {
  let header: { kid?: string; typ?: string };
  try {
    header = decodeProtectedHeader(jws);
  } catch (error) {
    throw new Refusal("malformed", `its _jws is no compact JWS (${(error as Error).message})`);
  }
  if (header.typ !== TYPE || typeof header.kid !== "string") {
    throw new Refusal("malformed", `the header of its _jws must have typ "${TYPE}" and a kid`);
  }
  return header.kid.slice(0, 128);
}

/** Signs. @param privateKey an Ed25519 JWK with its private half */
export async function sign(claims: Claims, kid: string, privateKey: JWK): Promise<string> {
  return await new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
    .setProtectedHeader({ alg: "EdDSA", kid, typ: TYPE })
    .sign(await importJWK(privateKey, "EdDSA"));
}
