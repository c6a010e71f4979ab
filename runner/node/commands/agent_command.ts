/** `agents/{id}/commands`: the commands behind a dashboard's buttons. */
import { AGENT_COMMANDS, type AgentCommand } from "../../../protocol/commands.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";
import { type Answer, type Command, type CommandContext, CommandError, objectPayload } from "./command.ts";
import { start } from "./spawn.ts";

const BUTTONS: Readonly<
  Record<AgentCommand, (context: CommandContext, agent: SupervisedAgent) => Promise<void>>
> = {
  pause: async ({ roster }, agent) => {
    agent.pause();
    await roster.written(agent.name);
  },
  resume: async ({ roster, arrivals }, agent) => {
    agent.resume();
    arrivals.force(agent);
    await roster.written(agent.name);
  },
  stop: (context, agent) => end(context, agent, "stop"),
  delete: (context, agent) => end(context, agent, "delete"),
  restart: (context, agent) => context.turns.take(agent.name, () => restart(context, agent)),
};

export async function agentCommand(
  context: CommandContext,
  command: Command,
  actorId: string,
): Promise<Answer> {
  const agent = context.supervisor.findById(actorId);
  // It has just ended, or runs elsewhere.
  if (agent === undefined) throw new CommandError(`Cannot command agent ${actorId}: it is not running here`);
  const payload = objectPayload(command, `command '${agent.name}'`);
  const wanted = AGENT_COMMANDS.find((known) => known === payload.command);
  if (wanted === undefined) {
    throw new CommandError(
      `Cannot command '${agent.name}': command must be one of ${AGENT_COMMANDS.join(", ")}, got ${
        JSON.stringify(payload.command)
      }`,
    );
  }
  await BUTTONS[wanted](context, agent);
  return { agent: agent.name, command: wanted };
}

async function end(
  { turns, roster, stateFiles }: CommandContext,
  agent: SupervisedAgent,
  why: "stop" | "delete",
): Promise<void> {
  await turns.take(agent.name, async () => {
    await roster.forget(agent.name, why);
    await agent.stop(why);
    if (why === "delete") await stateFiles.remove(agent.name);
  });
}

/** Starts a new process with a fresh restart budget; a paused agent stays paused. */
async function restart(context: CommandContext, agent: SupervisedAgent): Promise<void> {
  const { name, config, state: { paused } } = agent;
  if (agent.isMoving) {
    throw new CommandError(`Cannot restart '${name}': it is moving between nodes`, name);
  }
  const outcome = await agent.stop("replace");
  // A restart does not undo an earlier stop or a failure.
  if (outcome.kind !== "stopped" || outcome.reason !== "replace") {
    throw new CommandError(`Cannot restart '${name}': it has already ended`, name);
  }
  const previous = context.roster.entryOf(name)?.previous;
  await start(context, config, { paused, previous }, true);
}
