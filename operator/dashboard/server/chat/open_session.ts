/** Opens a page's chat session. Loaded lazily, with the model's library: only needed for the chat. */
import type { Person } from "../../../chat/person.ts";
import { ChatSession } from "../../../chat/session.ts";
import type { ModelSettings } from "../../../chat/settings.ts";
import { toolsOf } from "../../../tools/catalog.ts";
import type { Workshop } from "../../../tools/tool.ts";

/** @param settings of the model; without them, the built-in planner reads the sentences */
export async function openSession(
  workshop: Workshop,
  person: Person,
  settings: ModelSettings | undefined,
): Promise<ChatSession> {
  const tools = toolsOf(workshop, { readOnly: false });
  const conversation = settings === undefined ? undefined : await converse(settings);
  return new ChatSession({ workshop, tools, person, conversation, whyLacking });

  async function converse(settings: ModelSettings) {
    const { Conversation } = await import("../../../chat/conversation.ts");
    const { openModel } = await import("../../../chat/model.ts");
    return new Conversation({ model: await openModel(settings), tools, workshop, person });
  }
}

function whyLacking(tool: string): string {
  return tool === "deploy_node"
    ? "The dashboard cannot deploy nodes: use agentflow deploy NODE --to USER@HOST"
    : `The dashboard has no ${tool}`;
}
