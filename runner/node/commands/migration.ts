/** `nodes/{name}/migration`: what nodes say to each other while an agent moves. */
import { isName } from "../../../protocol/names.ts";
import { PROGRESS } from "../../../protocol/signing/statements.ts";
import { type Answer, type Command, type CommandContext, CommandError, objectPayload } from "./command.ts";

/** A decision of the old node, or the question of the new one. */
export async function migration(context: CommandContext, command: Command): Promise<Answer> {
  const { id, agent, from, decision, query, arrived, progress, reason, hand_over, seal } = objectPayload(
    command,
    "read a message about a migration",
  );
  if (typeof id !== "string" || !isName(agent) || !isName(from)) {
    throw new CommandError("Cannot read a message about a migration: id, agent and from must be given");
  }
  if (query === true) {
    await context.departures.report({
      id,
      agent,
      from,
      // Older nodes report only whether it has arrived.
      progress: PROGRESS.find((known) => known === progress) ?? (arrived === true ? "arrived" : "waiting"),
      reason: typeof reason === "string" ? reason : "",
      handOver: typeof hand_over === "string" ? hand_over : "",
      seal,
    });
  } else if (decision === "commit" || decision === "abort") {
    // Takes its turn after the spawn it belongs to, which may have come just before it.
    await context.turns.take(agent, () => context.arrivals.decide(id, decision, seal));
  } else throw new CommandError("Cannot read a message about a migration: decision must be commit or abort");
  return {};
}
