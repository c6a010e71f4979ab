/**
 * What nodes say to each other, each under its own name: an Ed25519 signature over the JSON text of a list that begins
 * with what kind of statement it is. Whoever checks one builds the list anew from what he knows himself, so nothing
 * that stands beside the signature is believed for its own sake. docs/signing.md describes the protocol. Pure.
 */
import { createHash, createPublicKey, verify } from "node:crypto";

/** An agent on its way from one node to another. */
export interface Move {
  /** Chosen at random by the node that hands the agent over: what is signed with it was signed for this move. */
  readonly id: string;
  readonly agent: string;
  readonly from: string;
  readonly to: string;
}

/** What the target says when it is asked whether it takes an agent. `stranger`: it does not know who asks. */
export const OFFERS = ["free", "taken", "stranger"] as const;
export type Offer = (typeof OFFERS)[number];

/** How an agent fares at the target. */
export const PROGRESS = ["installing", "waiting", "arrived", "refused"] as const;
export type Progress = (typeof PROGRESS)[number];

export type Decision = "commit" | "abort";

/** What is handed over, in hashes: see `digestOf`. */
export interface Cargo {
  /** The signed command to move the agent, and with it its `jti`; empty when it was not signed. */
  readonly order: string;
  /** The signed command that started the agent; empty when it was not signed. */
  readonly config: string;
  /** What the agent has persisted, as it travels. */
  readonly state: string;
  readonly paused: boolean;
}

/** The target is there, and takes the agent or not. @param box its public key (X25519) for the agent's state */
export function offerText({ id, agent, from, to }: Move, box: string, offer: Offer): string {
  return JSON.stringify(["agentflow-offer", id, agent, from, to, box, offer]);
}

/** The node that the agent leaves hands it over. */
export function handOverText({ id, agent, from, to }: Move, { order, config, state, paused }: Cargo): string {
  const how = paused ? "paused" : "running";
  return JSON.stringify(["agentflow-hand-over", id, agent, from, to, order, config, state, how]);
}

/** The target says how the agent fares. @param handOver the hash of what was handed over to it */
export function progressText(
  { id, agent, from, to }: Move,
  handOver: string,
  progress: Progress,
  reason: string,
): string {
  return JSON.stringify(["agentflow-progress", id, agent, from, to, handOver, progress, reason]);
}

/** The node that the agent leaves has let go of it, or keeps it. */
export function decisionText({ id, agent, from, to }: Move, decision: Decision): string {
  return JSON.stringify(["agentflow-migration", id, agent, from, to, decision]);
}

/** One process of a node tells another of the same name how long it has been there. */
export function presenceText(node: string, instance: string, to: string, uptime: number): string {
  return JSON.stringify(["agentflow-presence", node, instance, to, uptime]);
}

/** SHA-256 in base64url; of nothing at all: nothing. */
export function digestOf(text: string | undefined): string {
  return text === undefined ? "" : createHash("sha256").update(text).digest("base64url");
}

/** Whether `seal` (base64url) is the signature of `text` by the owner of `key` (the `x` of an Ed25519 key). */
export function isSealedBy(key: string, text: string, seal: unknown): boolean {
  if (typeof seal !== "string") return false;
  try {
    const publicKey = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: key }, format: "jwk" });
    const signature = Uint8Array.fromBase64(seal, { alphabet: "base64url" });
    return verify(null, new TextEncoder().encode(text), publicKey, signature);
  } catch {
    // No key, or no signature.
    return false;
  }
}

/** What people compare to know that they have the right key. */
export function fingerprintOf(key: string): string {
  const bytes = Uint8Array.fromBase64(key, { alphabet: "base64url" });
  const digest = new Uint8Array(createHash("sha256").update(bytes).digest());
  return `SHA256:${digest.toBase64({ omitPadding: true })}`;
}
