/** `nodes/{name}/stop` and `nodes/{name}/stop_all`. */
import { isName } from "../../../protocol/names.ts";
import { type Answer, type Command, type CommandContext, CommandError } from "./command.ts";

/** Stops one agent: `{"name": "agent"}`, or the bare name as text. */
export async function stop(context: CommandContext, command: Command): Promise<Answer> {
  const name = agentName(command);
  return await context.turns.take(name, async () => {
    const agent = context.supervisor.find(name);
    if (agent === undefined) {
      throw new CommandError(`Cannot stop '${name}': it is not running on ${context.identity.name}`);
    }
    // Recorded first: a power cut in between must not bring it back.
    await context.roster.forget(name, "stop");
    await agent.stop("stop");
    return { agent: name };
  });
}

/** The payload of a main machine that removes the node from its list. */
const REMOVED = "removed";

/** Stops every agent and ends the node. */
export async function stopAll(context: CommandContext, { json }: Command): Promise<Answer> {
  const agents = context.supervisor.agents().map((agent) => agent.name);
  await Promise.all(agents.map((agent) => context.roster.forget(agent, "stop_all")));
  const reason = typeof json === "object" && json !== null ? (json as Record<string, unknown>).reason : json;
  context.close("stop_all", reason === REMOVED);
  return { agents };
}

function agentName({ json, text }: Command): string {
  const fromObject = typeof json === "object" && json !== null
    ? (json as Record<string, unknown>).name
    : undefined;
  const name = fromObject ?? (typeof json === "string" ? json : text.trim());
  if (isName(name)) return name;
  throw new CommandError(
    `Cannot stop: the payload must be {"name": "agent"} or the bare name, got ${
      JSON.stringify(text.slice(0, 80))
    }`,
  );
}
