/** `nodes/{name}/desired_state`: starts what is missing; stops nothing. */
import { parseSpawnConfig, SpawnConfigError } from "../../../protocol/spawn_config.ts";
import { type Answer, type Command, type CommandContext, CommandError, objectPayload } from "./command.ts";
import { start } from "./spawn.ts";

export async function desiredState(context: CommandContext, command: Command): Promise<Answer> {
  const payload = objectPayload(command, "apply desired_state");
  const { node, agents } = payload;
  if (node !== undefined && node !== null && node !== context.identity.name) {
    throw new CommandError(
      `Cannot apply desired_state: it is meant for node ${
        JSON.stringify(node)
      }, this is '${context.identity.name}'`,
    );
  }
  if (!Array.isArray(agents)) {
    throw new CommandError("Cannot apply desired_state: agents must be a list of spawn configs");
  }
  const started: string[] = [];
  const refused: string[] = [];
  for (const entry of agents) {
    try {
      const name = await startIfMissing(context, entry);
      if (name !== undefined) started.push(name);
    } catch (error) {
      if (!(error instanceof SpawnConfigError)) throw error;
      // One bad entry does not keep the others from starting.
      refused.push(error.message);
    }
  }
  if (refused.length > 0) throw new CommandError(refused.join("; "));
  return { started };
}

/** @returns the agent's name when it was started */
async function startIfMissing(context: CommandContext, entry: unknown): Promise<string | undefined> {
  const config = parseSpawnConfig(entry, context.identity.name);
  // deno-lint-ignore require-await -- a turn is a promise
  return await context.turns.take(config.name, async () => {
    if (context.supervisor.find(config.name) !== undefined) return undefined;
    start(context, config);
    return config.name;
  });
}
