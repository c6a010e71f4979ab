/** `nodes/{name}/migrate`: moves an agent to another node. */
import { isName, NAME_RULE } from "../../../protocol/names.ts";
import { epochIn } from "../../../protocol/placement.ts";
import type { Order } from "../migration/departures.ts";
import { DepartureError } from "../migration/target_check.ts";
import { type Answer, type Command, type CommandContext, CommandError, objectPayload } from "./command.ts";

export async function migrate(context: CommandContext, command: Command): Promise<Answer> {
  const { name, target_node: target, epoch } = objectPayload(command, "migrate");
  try {
    if (!isName(name)) throw new CommandError(`Cannot migrate: name must be ${NAME_RULE}`);
    if (!isName(target)) throw new CommandError(`Cannot migrate '${name}': target_node must be ${NAME_RULE}`);
    return await move(context, name, target, { jws: command.jws, epoch: epochIn(epoch) });
  } catch (error) {
    if (!(error instanceof CommandError) && !(error instanceof DepartureError)) throw error;
    context.reporter.migrateResult({
      success: false,
      error: error.message,
      agent: isName(name) ? name : null,
    });
    throw new CommandError(error.message);
  }
}

/** Does not take a turn: a stop must get through while the agent is moving. */
async function move(
  { supervisor, identity, departures, reporter }: CommandContext,
  name: string,
  target: string,
  order: Order,
) {
  const agent = supervisor.find(name);
  if (agent === undefined) throw new CommandError(`Agent '${name}' not found on ${identity.name}`);
  if (target === identity.name) {
    throw new CommandError(`Cannot migrate '${name}': it already runs on ${target}`);
  }
  await departures.move(agent, target, order);
  const result = { success: true, agent: name, from_node: identity.name, to_node: target };
  reporter.migrateResult(result);
  return result;
}
