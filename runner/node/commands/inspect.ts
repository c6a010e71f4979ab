/** `nodes/{name}/inspect`: one agent's spawn config and state, recent log lines and errors, or the node's devices. */
import { isName } from "../../../protocol/names.ts";
import { describe } from "./list.ts";
import { type Answer, type Command, type CommandContext, CommandError, objectPayload } from "./command.ts";

/** A larger state is not sent: brokers limit the size of a message. */
const MAX_STATE_BYTES = 1024 * 1024;

/** Answers only on the reply topic: the answer is only for the sender. */
export async function inspect(context: CommandContext, command: Command): Promise<Answer> {
  const { name, recent, devices } = objectPayload(command, "inspect");
  if (devices === true) return { devices: await context.inventory.take() };
  if (recent !== undefined) return recentLines(context, recent, name);
  if (!isName(name)) throw new CommandError('Cannot inspect: the payload must be {"name": "agent"}');
  const agent = context.supervisor.find(name);
  // Who looks at an agent that has just ended has done nothing wrong: only they are told.
  if (agent === undefined) {
    return { ok: false, error: `Cannot inspect '${name}': it is not running on ${context.identity.name}` };
  }
  // The signature is meant for the node that obeys it, and repeats the config.
  const { _jws, ...config } = agent.config.raw;
  return { agent: describe(context, agent), config, ...await persisted(context, name) };
}

/** Also for agents that have ended: those are inspected most. */
function recentLines({ recent }: CommandContext, kind: unknown, name: unknown): Answer {
  if ((kind !== "logs" && kind !== "errors") || (name !== undefined && !isName(name))) {
    throw new CommandError(
      'Cannot inspect: the payload must be {"recent": "logs" or "errors"}, with a "name" or without',
    );
  }
  return recent.read(kind, name);
}

async function persisted({ stateFiles }: CommandContext, agent: string): Promise<Answer> {
  const state = await stateFiles.read(agent) ?? {};
  const bytes = new TextEncoder().encode(JSON.stringify(state)).length;
  return bytes > MAX_STATE_BYTES
    ? { persisted: null, persisted_bytes: bytes }
    : { persisted: state, persisted_bytes: bytes };
}
