/** `agents/by-name/{agent}/task`: calls the agent's `handle_task`. */
import { replyRefusal } from "../../../protocol/agent_topics.ts";
import { filterMatches, publishTopicError } from "../../../protocol/topics.ts";
import { type Command, type CommandContext, CommandError, objectPayload } from "./command.ts";

/** A main machine subscribes only after asking, unless it says that it has already subscribed. */
const HASTY_REPLIES = "main/reply/#";

/** Nodes that do not run the agent stay silent. */
export async function task(context: CommandContext, command: Command, agentName: string): Promise<undefined> {
  // While the agent is being replaced, its successor gets the tasks.
  if (context.turns.isBusy(agentName)) await context.turns.take(agentName, () => Promise.resolve());
  const agent = context.supervisor.find(agentName);
  if (agent === undefined) return;
  const message = objectPayload(command, `give a task to '${agentName}'`);
  const replyTopic = message._reply_topic ?? undefined;
  const problem = replyTopic === undefined
    ? undefined
    : publishTopicError(replyTopic) ?? replyRefusal(replyTopic as string);
  if (problem !== undefined) {
    throw new CommandError(`Cannot give a task to '${agentName}': _reply_topic: ${problem}`);
  }
  const payload = "payload" in message ? message.payload : message;
  const isHasty = typeof replyTopic === "string" && message._listening !== true &&
    filterMatches(HASTY_REPLIES, replyTopic);
  context.tasks.take(agent, { payload, replyTopic: replyTopic as string | undefined, isHasty });
}
