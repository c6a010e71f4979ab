/** Whose signature what the broker keeps of a fleet has: an entry of its history, its roll-out. */
import { isJsonObject, type JsonObject } from "../../protocol/json.ts";
import { digestOf, isSealedBy } from "../../protocol/signing/statements.ts";
import { OperationError } from "../operator.ts";

export type Seal =
  | { readonly kind: "unsigned" }
  | { readonly kind: "valid"; readonly kid: string }
  /** The key is not known here. */
  | { readonly kind: "unknown"; readonly kid: string }
  /** It is not the signature of this entry. */
  | { readonly kind: "broken"; readonly kid: string };

/** Public keys (the `x` of an Ed25519 key) by `kid`. */
export type TrustedKeys = ReadonlyMap<string, string>;

/** The key of the operator who stores it. */
export interface Sealer {
  readonly kid: string;
  seal(text: string): Promise<string>;
}

/** What is signed, and of which fleet: one cannot pass for another. */
export type SealedKind = "generation" | "rollout" | "rollout-plan";

/** @param body the JSON without the signature */
export function sealText(kind: SealedKind, fleet: string, body: string): string {
  return JSON.stringify([`agentflow-${kind}`, fleet, digestOf(body)]);
}

/** @param sealer `undefined`: it is not signed @returns its JSON text */
export async function sealed(
  kind: SealedKind,
  fleet: string,
  fields: object,
  sealer: Sealer | undefined,
): Promise<string> {
  const body = JSON.stringify(fields);
  if (sealer === undefined) return body;
  const seal = await sealer.seal(sealText(kind, fleet, body));
  return JSON.stringify({ ...fields, _seal: { kid: sealer.kid, seal } });
}

export interface Opened {
  readonly fields: JsonObject;
  readonly seal: Seal;
}

/** @param text as `sealed` makes it @returns `undefined` if it is no JSON object: any client can publish anything */
export function opened(
  kind: SealedKind,
  fleet: string,
  text: string,
  keys: TrustedKeys,
): Opened | undefined {
  try {
    const json: unknown = JSON.parse(text);
    if (!isJsonObject(json)) return undefined;
    const { _seal, ...fields } = json;
    return { fields, seal: sealOf(_seal, sealText(kind, fleet, JSON.stringify(fields)), keys) };
  } catch {
    // Not JSON.
    return undefined;
  }
}

function sealOf(given: unknown, text: string, keys: TrustedKeys): Seal {
  if (!isJsonObject(given) || typeof given.kid !== "string") return { kind: "unsigned" };
  const kid = given.kid.slice(0, 128);
  const key = keys.get(kid);
  if (key === undefined) return { kind: "unknown", kid };
  return { kind: isSealedBy(key, text, given.seal) ? "valid" : "broken", kid };
}

/** @param own the operator's own key, which is trusted, too */
export function knownKeys(
  own: { readonly kid: string; readonly public: string } | undefined,
  trusted: TrustedKeys,
): TrustedKeys {
  return new Map([...trusted, ...(own === undefined ? [] : [[own.kid, own.public] as const])]);
}

/**
 * @param what such as `Generation 3 of fleet 'farm'`
 * @param advice how to look at it
 * @throws OperationError unless a key that is known here has signed it
 */
export function demandSeal(seal: Seal, what: string, advice: string): void {
  if (seal.kind === "valid") return;
  const why = seal.kind === "unsigned"
    ? "is not signed"
    : seal.kind === "unknown"
    ? `is signed by key '${seal.kid}', which is not known here`
    : `is not what key '${seal.kid}' has signed`;
  throw new OperationError(
    `${what} ${why}: name the keys of other operators by --trust FILE, or look at it (${advice}), and use it all the ` +
      "same by --unsigned",
  );
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
