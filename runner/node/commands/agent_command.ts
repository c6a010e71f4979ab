/** `agents/{id}/commands`: what a dashboard's buttons send. */
import { type Answer, type Command, type CommandContext, CommandError, objectPayload } from "./command.ts";

const COMMANDS = ["pause", "resume", "stop", "delete"] as const;

export async function agentCommand(
  context: CommandContext,
  command: Command,
  actorId: string,
): Promise<Answer> {
  const agent = context.supervisor.findById(actorId);
  // It has ended a moment ago, or runs elsewhere.
  if (agent === undefined) throw new CommandError(`Cannot command agent ${actorId}: it is not running here`);
  const { command: wanted } = objectPayload(command, `command '${agent.name}'`);
  switch (wanted) {
    case "pause":
      agent.pause();
      await context.roster.written(agent.name);
      break;
    case "resume":
      agent.resume();
      context.arrivals.force(agent);
      await context.roster.written(agent.name);
      break;
    case "stop":
    case "delete":
      await context.turns.take(agent.name, async () => {
        await context.roster.forget(agent.name, wanted);
        await agent.stop(wanted);
        if (wanted === "delete") await context.stateFiles.remove(agent.name);
      });
      break;
    default:
      throw new CommandError(
        `Cannot command '${agent.name}': command must be one of ${COMMANDS.join(", ")}, got ${
          JSON.stringify(wanted)
        }`,
      );
  }
  return { agent: agent.name, command: wanted };
}
