/** `nodes/{name}/migration`: what nodes say to each other while an agent moves. */
import { isName } from "../../../protocol/names.ts";
import { type Answer, type Command, type CommandContext, CommandError, objectPayload } from "./command.ts";

/** A decision of the old node, or the question of the new one. */
export async function migration(context: CommandContext, command: Command): Promise<Answer> {
  const { id, agent, from, decision, query, arrived, seal } = objectPayload(
    command,
    "read a message about a migration",
  );
  if (typeof id !== "string" || !isName(agent) || !isName(from)) {
    throw new CommandError("Cannot read a message about a migration: id, agent and from must be given");
  }
  if (query === true) {
    if (arrived === true) context.departures.arrived(id, agent, from);
    context.departures.answer(id, agent, from);
  } else if (decision === "commit" || decision === "abort") {
    // Behind the spawn it belongs to, which may have come a moment before it.
    await context.turns.take(agent, () => context.arrivals.decide(id, decision, seal));
  } else throw new CommandError("Cannot read a message about a migration: decision must be commit or abort");
  return {};
}
