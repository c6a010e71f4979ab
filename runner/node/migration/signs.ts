/** What a target reports about an agent that is moving there. */
import { actorId } from "../../../protocol/ids.ts";
import type { Progress } from "../../../protocol/signing/statements.ts";
import { topics } from "../../../protocol/topics.ts";
import type { Overheard } from "./wiretap.ts";

export interface Sign {
  readonly progress: Progress;
  /** Why it is refused. */
  readonly reason: string;
}

/** The topics of such reports; anybody may publish there. */
export function signsOf(agent: string, target: string): string[] {
  const id = actorId(agent);
  return [topics.agent(id, "heartbeat"), topics.agent(id, "errors"), topics.nodeLogs(target)];
}

export function readSign({ topic, json }: Overheard, agent: string, target: string): Sign | undefined {
  if (typeof json !== "object" || json === null) return undefined;
  const { node, state, severity, error, type, child_name: child, message } = json as Record<string, unknown>;
  if (topic === topics.agent(actorId(agent), "heartbeat")) {
    const runs = node === target && (state === "running" || state === "paused");
    return runs ? { progress: "arrived", reason: "" } : undefined;
  }
  if (topic === topics.agent(actorId(agent), "errors")) {
    // An error report without a node name cannot be ours: the agent here is held.
    const isTheirs = node === undefined || node === target;
    return isTheirs && severity === "fatal" ? { progress: "refused", reason: String(error) } : undefined;
  }
  if (child !== agent) return undefined;
  if (type === "installing") return { progress: "installing", reason: "" };
  return type === "error" ? { progress: "refused", reason: String(message) } : undefined;
}
