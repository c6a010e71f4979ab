/** Stable identifiers: the same name has the same id on every node and after every restart. */
import { createHash } from "node:crypto";

/** RFC 9562 section 6.6: the name space for DNS names. */
const DNS_NAMESPACE = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";

/** `actor_id` of an agent: the same on every node. */
export function actorId(agentName: string): string {
  return uuidV5(`wactorz.actor.${agentName}`);
}

/** `node_id` of a node. */
export function nodeId(nodeName: string): string {
  return uuidV5(`wactorz.node.${nodeName}`);
}

/** UUID version 5 (SHA-1 of name space and name, RFC 9562 section 5.5) in the DNS name space. */
function uuidV5(name: string): string {
  const digest = createHash("sha1")
    .update(Uint8Array.from(DNS_NAMESPACE.replaceAll("-", "").match(/../g) ?? [], (hex) => parseInt(hex, 16)))
    .update(name)
    .digest();
  const bytes = Uint8Array.from(digest.subarray(0, 16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
