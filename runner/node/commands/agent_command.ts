/** `agents/{id}/commands`: what a dashboard's buttons send. */
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";
import { type Answer, type Command, type CommandContext, CommandError, objectPayload } from "./command.ts";
import { start } from "./spawn.ts";

const COMMANDS = ["pause", "resume", "stop", "delete", "restart"] as const;

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
    case "restart":
      await context.turns.take(agent.name, () => restart(context, agent));
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

/** A new process, with its budget of restarts anew; paused stays paused. */
async function restart(context: CommandContext, agent: SupervisedAgent): Promise<void> {
  const { name, config, state: { paused } } = agent;
  if (agent.isMoving) {
    throw new CommandError(`Cannot restart '${name}': it is on its way between nodes`, name);
  }
  const outcome = await agent.stop("replace");
  // A stop that was under way before, or a failure, is not undone by it.
  if (outcome.kind !== "stopped" || outcome.reason !== "replace") {
    throw new CommandError(`Cannot restart '${name}': it has ended meanwhile`, name);
  }
  const previous = context.roster.entryOf(name)?.previous;
  await start(context, config, { paused, previous }, true);
}
