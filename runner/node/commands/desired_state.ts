/** `nodes/{name}/desired_state`: starts missing agents, and stops none unless it is a generation of a fleet. */
import { generationIn } from "../../../protocol/generations.ts";
import { type ChangeWindow, parseWindow, windowError } from "../../../protocol/window.ts";
import { parseSpawnConfig } from "../../../protocol/spawn_config.ts";
import { type Answer, type Command, type CommandContext, CommandError, objectPayload } from "./command.ts";
import { applyGeneration } from "./generation.ts";
import { start } from "./spawn.ts";

const MAX_WINDOWS = 32;

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
  const generation = generationIn(payload);
  if (generation !== undefined) {
    const { prune, windows, takes_back: takesBack } = payload;
    return await applyGeneration(context, generation, {
      entries: agents,
      prune: prune === true,
      windows: windowsIn(windows),
      takesBack: typeof takesBack === "string" ? takesBack : undefined,
    });
  }
  // It arrives again with every new connection.
  if (command.retained && context.roster.knowsDesired(command.text)) return { started: [] };
  const timestamp = typeof payload.timestamp === "number" ? payload.timestamp : undefined;
  // Recorded before the starts: an agent stopped while others are still starting counts as stopped afterwards.
  context.roster.sawDesired(command.text, timestamp);
  const isOutdated = (agent: string) => command.retained && context.roster.hasEndedSince(agent, timestamp);
  const started: string[] = [];
  const refused: string[] = [];
  for (const entry of agents) {
    try {
      const name = await startIfMissing(context, entry, isOutdated);
      if (name !== undefined) started.push(name);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      // A bad entry does not prevent the others from starting.
      refused.push(error.message);
    }
  }
  if (refused.length > 0) throw new CommandError(refused.join("; "));
  return { started };
}

/** The windows of the agents that change. @throws CommandError: what cannot be read must not mean "at any time" */
function windowsIn(windows: unknown): readonly ChangeWindow[] {
  if (windows === undefined) return [];
  if (!Array.isArray(windows) || windows.length > MAX_WINDOWS) {
    throw new CommandError(`Cannot apply desired_state: windows must be a list of up to ${MAX_WINDOWS}`);
  }
  return windows.map((text) => {
    const problem = typeof text === "string" ? windowError(text) : "a window must be text";
    if (problem !== undefined) throw new CommandError(`Cannot apply desired_state: ${problem}`);
    return parseWindow(text);
  });
}

/**
 * @param isOutdated whether an agent has been stopped, or has moved away, since the message was sent
 * @returns the agent's name when it was started
 */
async function startIfMissing(
  context: CommandContext,
  entry: unknown,
  isOutdated: (agent: string) => boolean,
): Promise<string | undefined> {
  const config = parseSpawnConfig(entry, context.identity.name);
  return await context.turns.take(config.name, async () => {
    if (context.supervisor.find(config.name) !== undefined || isOutdated(config.name)) return undefined;
    await context.enforcer.check(config);
    await start(context, config);
    return config.name;
  });
}
