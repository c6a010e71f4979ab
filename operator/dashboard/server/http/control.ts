/** The part of the REST API that acts. */
import { AGENT_COMMANDS } from "../../../../protocol/commands.ts";
import type { ActionOutcome } from "../../wire.ts";
import type { Actions } from "../control/actions.ts";
import { RequestError } from "../../../http/bodies.ts";
import { requiredText } from "./parameters.ts";

const TASK_SECONDS = 30;

type Body = Readonly<Record<string, unknown>>;

/** @returns `undefined` when the action does not exist @throws RequestError */
export async function act(
  path: readonly string[],
  body: Body,
  actions: Actions,
): Promise<ActionOutcome | undefined> {
  const [resource, id, action, ...rest] = path;
  if (id === undefined || action === undefined || rest.length > 0) return undefined;
  if (resource === "nodes") return await actOnNode(id, action, body, actions);
  if (resource === "agents") return await actOnAgent(id, action, body, actions);
  return undefined;
}

async function actOnNode(
  node: string,
  action: string,
  body: Body,
  actions: Actions,
): Promise<ActionOutcome | undefined> {
  switch (action) {
    case "spawn":
      return await actions.spawn(node, body);
    case "stop_all":
      // A mistyped or accidental request must not stop a node.
      if (body.confirm !== node) {
        throw new RequestError("usage", `confirm must be the node's name, '${node}'`);
      }
      return await actions.stopAll(node);
    default:
      return undefined;
  }
}

async function actOnAgent(
  actorId: string,
  action: string,
  body: Body,
  actions: Actions,
): Promise<ActionOutcome | undefined> {
  if (action === "migrate") return await actions.migrate(actorId, requiredText(body, "target_node"));
  if (action === "task") {
    const seconds = body.timeout ?? TASK_SECONDS;
    if (typeof seconds !== "number") throw new RequestError("usage", "timeout must be a number of seconds");
    return await actions.task(actorId, body.payload ?? null, seconds);
  }
  if (action === "start") return await actions.start(actorId);
  if (action === "start_elsewhere") {
    return await actions.startElsewhere(actorId, requiredText(body, "target_node"));
  }
  if (action === "remove") return actions.remove(actorId);
  const command = AGENT_COMMANDS.find((known) => known === action);
  return command === undefined ? undefined : await actions.command(actorId, command);
}
