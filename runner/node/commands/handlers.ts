/** The handler of each command: a command without a handler does not compile. */
import type { NodeCommand } from "../../../protocol/commands.ts";
import { agentCommand } from "./agent_command.ts";
import type { Answer, Command, CommandContext } from "./command.ts";
import { desiredState } from "./desired_state.ts";
import { inspect } from "./inspect.ts";
import { list, rollCall } from "./list.ts";
import { migrate } from "./migrate.ts";
import { migration } from "./migration.ts";
import { reply } from "./reply.ts";
import { spawn } from "./spawn.ts";
import { stop, stopAll } from "./stop.ts";
import { task } from "./task.ts";
import { upgrade } from "./upgrade.ts";

/**
 * @param subject what the topic names in addition to the node
 * @returns the reply for the sender's reply topic; `undefined` for none
 */
type Handler = (
  context: CommandContext,
  command: Command,
  subject: string,
) => Promise<Answer | undefined>;

export const HANDLERS: Readonly<Record<NodeCommand, Handler>> = {
  spawn,
  desired_state: desiredState,
  stop,
  stop_all: stopAll,
  list,
  roll_call: rollCall,
  inspect,
  migrate,
  migration,
  upgrade,
  commands: agentCommand,
  task,
  reply,
};
