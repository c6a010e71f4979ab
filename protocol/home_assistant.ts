/** Where a node announces itself to Home Assistant. Pure. */
import { publishTopicError } from "./topics.ts";

/** Of Home Assistant itself, whatever the discovery prefix: it says there that it has started. */
export const BIRTH_TOPIC = "homeassistant/status";

export function deviceId(nodeId: string): string {
  return `agentflow_${nodeId}`;
}

/** @param prefix the discovery prefix, `homeassistant` where nothing else was set */
export function discoveryTopic(prefix: string, nodeId: string): string {
  return `${prefix}/device/${deviceId(nodeId)}/config`;
}

/** What is wrong with a discovery prefix, as the end of a sentence; `undefined` when nothing is. */
export function prefixError(prefix: string): string | undefined {
  const isTaken = ["nodes", "agents", "main"].includes(prefix.split("/")[0] ?? "");
  const isOne = publishTopicError(prefix) === undefined && !prefix.endsWith("/") && !isTaken;
  return isOne ? undefined : "must be the discovery prefix of Home Assistant, such as homeassistant";
}
