/** Calls of `handle_task`: they run concurrently with each other and with `process()`. */
import type { Agent } from "../types.d.ts";
import { asJson } from "./payload.ts";

/** How one task ended. */
export type TaskOutcome = { readonly value: unknown } | { readonly failure: unknown };

/** Calls the handler and gives its result the shape of a reply. Never rejects. */
export async function runTask(
  agent: Agent,
  handler: ((agent: Agent, payload: unknown) => unknown) | undefined,
  payload: unknown,
): Promise<TaskOutcome> {
  if (handler === undefined) {
    return { value: { error: `Agent '${agent.name}' has no handle_task function.` } };
  }
  try {
    return { value: toReply(await handler(agent, payload)) };
  } catch (failure) {
    return { failure };
  }
}

/** An object is the reply; nothing is `{}`; any other value is `{"result": value}`. */
function toReply(result: unknown): unknown {
  if (result === undefined || result === null) return {};
  const json = asJson(result);
  const isObject = typeof json === "object" && json !== null && !Array.isArray(json);
  return isObject ? json : { result: json };
}
