/** `nodes/{name}/migrate`: moves an agent to another node. */
import { isName, NAME_RULE } from "../../../protocol/names.ts";
import { topics } from "../../../protocol/topics.ts";
import { type Answer, type Command, type CommandContext, CommandError, objectPayload } from "./command.ts";

export async function migrate(context: CommandContext, command: Command): Promise<Answer> {
  const { name, target_node: target } = objectPayload(command, "migrate");
  try {
    if (!isName(name)) throw new CommandError(`Cannot migrate: name must be ${NAME_RULE}`);
    if (!isName(target)) throw new CommandError(`Cannot migrate '${name}': target_node must be ${NAME_RULE}`);
    return await context.turns.take(name, () => move(context, name, target));
  } catch (error) {
    if (error instanceof CommandError) {
      context.reporter.migrateResult({
        success: false,
        error: error.message,
        agent: isName(name) ? name : null,
      });
    }
    throw error;
  }
}

async function move(context: CommandContext, name: string, target: string): Promise<Answer> {
  const { supervisor, identity, reporter, link } = context;
  const agent = supervisor.find(name);
  if (agent === undefined) throw new CommandError(`Agent '${name}' not found on ${identity.name}`);
  if (target === identity.name) {
    throw new CommandError(`Cannot migrate '${name}': it already runs on ${target}`);
  }
  const config = { ...agent.config.raw, node: target };
  await agent.stop("migrate");
  void link.publish({
    topic: topics.node(target, "spawn"),
    payload: JSON.stringify(config),
    qos: 1,
    retain: false,
    class: "control",
  });
  const result = { success: true, agent: name, from_node: identity.name, to_node: target };
  reporter.migrateResult(result);
  return result;
}
