/** The node's own key: signs its messages to other nodes, and opens what they have sealed for it. */
import { Buffer } from "node:buffer";
import { createPrivateKey, createPublicKey, hkdfSync, type KeyObject, sign } from "node:crypto";
import type { JWK } from "jose";
import type { Move } from "../../protocol/signing/statements.ts";

/** The prefix of the 32 bytes of a private key in PKCS #8 (RFC 8410). */
const PKCS8 = { Ed25519: "302e020100300506032b657004220420", X25519: "302e020100300506032b656e04220420" };

export class NodeKey {
  readonly #signing: KeyObject;
  readonly #opening: KeyObject;
  /** The key by which others know this node: Ed25519, base64url. */
  readonly public: string;
  /** The key that others seal for: X25519, base64url. Others learn it from a statement signed with `public`. */
  readonly box: string;

  /** @param secret 32 bytes in hexadecimal digits, never disclosed; the same after a restart */
  constructor(secret: string) {
    this.#signing = derive(secret, "Ed25519");
    this.#opening = derive(secret, "X25519");
    this.public = publicHalf(this.#signing);
    this.box = publicHalf(this.#opening);
  }

  /** The signature of a statement, in base64url. */
  seal(text: string): string {
    const signature = new Uint8Array(sign(null, new TextEncoder().encode(text), this.#signing));
    return signature.toBase64({ alphabet: "base64url", omitPadding: true });
  }

  /** Opens an agent's persisted state, as JSON text. @throws Error when it was not sealed for this node and this move */
  async open(sealed: string, move: Move): Promise<string> {
    const { openState } = await import("./sealed_state.ts");
    return await openState(sealed, this.#opening.export({ format: "jwk" }) as JWK, move);
  }
}

/** Both keys are derived from one secret, each for one purpose. */
function derive(secret: string, curve: keyof typeof PKCS8): KeyObject {
  const seed = hkdfSync("sha256", Uint8Array.fromHex(secret), "", `agentflow-node ${curve}`, 32);
  const der = Buffer.concat([Buffer.from(PKCS8[curve], "hex"), Buffer.from(seed)]);
  return createPrivateKey({ key: der, format: "der", type: "pkcs8" });
}

function publicHalf(key: KeyObject): string {
  return String(createPublicKey(key).export({ format: "jwk" }).x);
}
