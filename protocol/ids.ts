/** Stable identifiers: the same name has the same id on every node and after every restart. */
import { createHash } from "node:crypto";

/** RFC 9562 section 6.6: the name space for DNS names. */
const DNS_NAMESPACE = Uint8Array.fromHex("6ba7b8109dad11d180b400c04fd430c8");

/** `actor_id` of an agent: the same on every node. */
export function actorId(agentName: string): string {
  return uuidV5(`wactorz.actor.${agentName}`);
}

/** `node_id` of a node. */
export function nodeId(nodeName: string): string {
  return uuidV5(`wactorz.node.${nodeName}`);
}

/** UUID version 5 (SHA-1 of name space and name, RFC 9562 section 5.5) in the DNS name space. Operators make thousands. */
function uuidV5(name: string): string {
  const hex = createHash("sha1").update(DNS_NAMESPACE).update(name).digest("hex");
  const variant = "89ab"[parseInt(hex.charAt(16), 16) & 3];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${
    hex.slice(20, 32)
  }`;
}
