/** `nodes/{name}/spawn`: starts an agent. */
import { actorId } from "../../../protocol/ids.ts";
import { parseSpawnConfig, type SpawnConfig } from "../../../protocol/spawn_config.ts";
import { topics } from "../../../protocol/topics.ts";
import { type Answer, type Command, type CommandContext, CommandError } from "./command.ts";

/** @throws SpawnConfigError for a config that cannot be used */
export async function spawn(context: CommandContext, command: Command): Promise<Answer> {
  const config = parseSpawnConfig(command.json ?? command.text, context.identity.name);
  return await context.turns.take(config.name, () => take(context, config));
}

async function take(context: CommandContext, config: SpawnConfig): Promise<Answer> {
  const { supervisor, reporter, identity } = context;
  const taken = () => reporter.clearRetained(topics.node(identity.name, "spawn"));
  const running = supervisor.find(config.name);
  if (running !== undefined && !config.replace) {
    reporter.nodeLog("log", `Agent '${config.name}' is already running on ${identity.name}: spawn ignored`, {
      child_name: config.name,
    });
    taken();
    return { agent: config.name, actor_id: actorId(config.name), already_running: true };
  }
  await running?.stop("replace");
  start(context, config, taken);
  return { agent: config.name, actor_id: actorId(config.name) };
}

/**
 * Starts an agent whose name is free, and says so.
 * @param onTaken called once the agent is supervised, before it says anything itself
 * @throws CommandError when the node is about to end
 */
export function start(context: CommandContext, config: SpawnConfig, onTaken: () => void = () => {}): void {
  const { supervisor, reporter, identity } = context;
  if (context.isClosing()) {
    throw new CommandError(`Cannot spawn '${config.name}': node ${identity.name} is ending`);
  }
  const about = { child_name: config.name };
  reporter.nodeLog("spawned", `Remote agent '${config.name}' started on ${identity.name}`, about);
  if (config.install.length > 0) {
    reporter.nodeLog("installing", `Installing ${config.install.join(", ")} for '${config.name}'`, about);
  }
  onTaken();
  supervisor.start(config);
}
