/**
 * Seals what a node decides about agents that leave it: the node they go to then obeys nobody else who can publish on
 * the same topic.
 *
 * Every migration has a key pair of its own, made from a secret of this node and the migration's id: the public half
 * travels with the agent, and after a restart the private half is there again without having been written down.
 */
import { Buffer } from "node:buffer";
import { createHmac, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";

/** What is decided about an agent that moves. */
export interface Decision {
  readonly id: string;
  readonly agent: string;
  readonly from: string;
  readonly to: string;
  readonly decision: "commit" | "abort";
}

/** What stands in front of the 32 bytes of an Ed25519 private key in PKCS #8 (RFC 8410). */
const PKCS8_PREFIX = Uint8Array.fromHex("302e020100300506032b657004220420");

export class MigrationSeals {
  /** @param secret of this node; the same after a restart */
  constructor(private readonly secret: string) {}

  /** The public key of a migration, in base64url. */
  keyOf(id: string): string {
    return String(createPublicKey(this.#privateKey(id)).export({ format: "jwk" }).x);
  }

  /** The signature of a decision, in base64url. */
  seal(decision: Decision): string {
    const signature = sign(null, textOf(decision), this.#privateKey(decision.id));
    return new Uint8Array(signature).toBase64({ alphabet: "base64url", omitPadding: true });
  }

  #privateKey(id: string): KeyObject {
    const seed = createHmac("sha256", this.secret).update(`agentflow-migration ${id}`).digest();
    const der = Buffer.from([...PKCS8_PREFIX, ...seed]);
    return createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  }
}

/** Whether a decision was sealed by the key that came with the agent. */
export function sealHolds(key: string, decision: Decision, seal: unknown): boolean {
  if (typeof seal !== "string") return false;
  try {
    const publicKey = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: key }, format: "jwk" });
    return verify(null, textOf(decision), publicKey, Uint8Array.fromBase64(seal, { alphabet: "base64url" }));
  } catch {
    // No key, or no signature.
    return false;
  }
}

function textOf({ id, agent, from, to, decision }: Decision): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(["agentflow-migration", id, agent, from, to, decision]));
}
