/** Whose signature an entry of a fleet's history has. */
import { digestOf } from "../../protocol/signing/statements.ts";

export type Seal =
  | { readonly kind: "unsigned" }
  | { readonly kind: "valid"; readonly kid: string }
  /** The key is not known here. */
  | { readonly kind: "unknown"; readonly kid: string }
  /** It is not the signature of this entry. */
  | { readonly kind: "broken"; readonly kid: string };

/** Public keys (the `x` of an Ed25519 key) by `kid`. */
export type TrustedKeys = ReadonlyMap<string, string>;

/** What is signed: an entry of one fleet's history. @param body its JSON without the signature */
export function sealText(fleet: string, body: string): string {
  return JSON.stringify(["agentflow-generation", fleet, digestOf(body)]);
}

/** In words. */
export function sealWords(seal: Seal): string {
  switch (seal.kind) {
    case "unsigned":
      return "not signed";
    case "valid":
      return seal.kid;
    case "unknown":
      return `${seal.kid} (unknown key)`;
    case "broken":
      return `${seal.kid} (does not hold)`;
    default:
      return seal satisfies never;
  }
}
