/**
 * An agent's persisted state in transit: a compact JWE (RFC 7516), ECDH-ES (RFC 7518, 4.6) with X25519 and A256GCM.
 * The move is part of the key derivation (`apu`, `apv`): state sealed for one move cannot be opened in another.
 */
import { compactDecrypt, CompactEncrypt, importJWK, type JWK } from "jose";
import type { Move } from "../../protocol/signing/statements.ts";

const ALGORITHM = "ECDH-ES";
const ENCRYPTION = "A256GCM";

/** @param state JSON text @param box the public key (X25519, base64url) of the node that the agent moves to */
export async function sealState(state: string, box: string, move: Move): Promise<string> {
  return await new CompactEncrypt(bytesOf(state))
    .setProtectedHeader({ alg: ALGORITHM, enc: ENCRYPTION })
    .setKeyManagementParameters(partiesOf(move))
    .encrypt(await importJWK({ kty: "OKP", crv: "X25519", x: box }, ALGORITHM));
}

/** @throws Error when it was not sealed with the public half of `key`, or not for this move */
export async function openState(sealed: string, key: JWK, move: Move): Promise<string> {
  const options = {
    keyManagementAlgorithms: [ALGORITHM],
    contentEncryptionAlgorithms: [ENCRYPTION],
  };
  const { plaintext, protectedHeader } = await compactDecrypt(
    sealed,
    await importJWK(key, ALGORITHM),
    options,
  );
  const { apu, apv } = partiesOf(move);
  if (protectedHeader.apu !== base64url(apu) || protectedHeader.apv !== base64url(apv)) {
    throw new Error("it was sealed for another move");
  }
  return new TextDecoder("utf-8", { fatal: true }).decode(plaintext);
}

function partiesOf({ id, agent, from, to }: Move): { readonly apu: Uint8Array; readonly apv: Uint8Array } {
  return { apu: bytesOf(from), apv: bytesOf(JSON.stringify([to, id, agent])) };
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function base64url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}
