/** The person at the other end of the chat: a terminal, a panel or a test. */
import type { ToolResult } from "../tools/tool.ts";
import type { ActionView } from "./action.ts";

export interface Person {
  /** Text from the model, as it streams in. */
  write(text: string): void;
  /** One line from this program. */
  note(line: string): void;
  /** Shows the action in full and asks for approval. Anything other than an explicit yes is a no. */
  agrees(action: ActionView, signal: AbortSignal): Promise<boolean>;
  /** Shows a tool's result in readable form. */
  show(tool: string, result: ToolResult): void;
}
