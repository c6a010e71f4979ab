/**
 * Signed statements between nodes: an Ed25519 signature over the JSON text of a list that begins with the kind of
 * statement. The verifier rebuilds the list from what it knows itself, so nothing sent along with the signature is
 * trusted by itself. docs/signing.md describes the protocol. Pure.
 */
import { createHash, createPublicKey, verify } from "node:crypto";

/** An agent on its way from one node to another. */
export interface Move {
  /** A random id chosen by the source node; it binds signatures to this move. */
  readonly id: string;
  readonly agent: string;
  readonly from: string;
  readonly to: string;
}

/** The target's answer to whether it accepts an agent. `stranger`: it does not know the asking node. */
export const OFFERS = ["free", "taken", "stranger"] as const;
export type Offer = (typeof OFFERS)[number];

/** The progress of an agent at the target. */
export const PROGRESS = ["installing", "waiting", "arrived", "refused"] as const;
export type Progress = (typeof PROGRESS)[number];

export type Decision = "commit" | "abort";

/** Hashes of what is handed over: see `digestOf`. */
export interface Cargo {
  /** The signed command to move the agent, which includes its `jti`; empty if it was not signed. */
  readonly order: string;
  /** The signed command that started the agent; empty if it was not signed. */
  readonly config: string;
  /** The persisted state, as transferred. */
  readonly state: string;
  readonly paused: boolean;
}

/** The target's offer: whether it accepts the agent. @param box its public key (X25519) for the agent's state */
export function offerText({ id, agent, from, to }: Move, box: string, offer: Offer): string {
  return JSON.stringify(["agentflow-offer", id, agent, from, to, box, offer]);
}

/** The source node's hand-over of the agent. */
export function handOverText({ id, agent, from, to }: Move, { order, config, state, paused }: Cargo): string {
  const how = paused ? "paused" : "running";
  return JSON.stringify(["agentflow-hand-over", id, agent, from, to, order, config, state, how]);
}

/** The target's progress report. @param handOver the hash of what was handed over to it */
export function progressText(
  { id, agent, from, to }: Move,
  handOver: string,
  progress: Progress,
  reason: string,
): string {
  return JSON.stringify(["agentflow-progress", id, agent, from, to, handOver, progress, reason]);
}

/** The source node's decision: it has released the agent, or keeps it. */
export function decisionText({ id, agent, from, to }: Move, decision: Decision): string {
  return JSON.stringify(["agentflow-migration", id, agent, from, to, decision]);
}

/** Sent between two processes with the same node name: how long the sender has been running. */
export function presenceText(node: string, instance: string, to: string, uptime: number): string {
  return JSON.stringify(["agentflow-presence", node, instance, to, uptime]);
}

/** Sent between two nodes that run an agent of the same name. @param to the other agent's `placement` */
export function placementText(agent: string, node: string, epoch: number, to: string): string {
  return JSON.stringify(["agentflow-placement", agent, node, epoch, to]);
}

/** SHA-256 in base64url; empty for `undefined`. */
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
    // Not a valid key, or not a signature.
    return false;
  }
}

/** The fingerprint that people compare to check that they have the right key. */
export function fingerprintOf(key: string): string {
  const bytes = Uint8Array.fromBase64(key, { alphabet: "base64url" });
  const digest = new Uint8Array(createHash("sha256").update(bytes).digest());
  return `SHA256:${digest.toBase64({ omitPadding: true })}`;
}
