/** The message on a node's status topic: when it connects, when it ends, and as its last will. Pure. */
import { topics } from "../../../protocol/topics.ts";
import type { Clock } from "../../clock.ts";
import type { NodeIdentity } from "./identity.ts";
import type { PresenceProof } from "./presence.ts";

export interface StatusMessage {
  readonly topic: string;
  readonly payload: string;
}

/** The message that the broker publishes when this process vanishes. */
export function lastWill(
  node: NodeIdentity,
  clock: Clock,
  proofAt: (uptime: number) => PresenceProof | undefined,
): StatusMessage {
  return statusMessage(node, "offline", clock, proofAt);
}

/** Birth message and last will have the same fields, and the same instance. */
export function statusMessage(
  { name, instance, startedMs, key, labels, window }: NodeIdentity,
  status: "online" | "offline",
  clock: Clock,
  proofAt: (uptime: number) => PresenceProof | undefined,
): StatusMessage {
  const uptime = round((clock.monotonicMs() - startedMs) / 1000);
  const payload = JSON.stringify({
    node: name,
    instance,
    status,
    uptime,
    timestamp: clock.epochSeconds(),
    key: key.public,
    labels,
    ...(window === undefined ? {} : { window }),
    presence: proofAt(uptime),
  });
  return { topic: topics.nodeStatus(name), payload };
}

/** To milliseconds. */
export function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
