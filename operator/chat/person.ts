/** Whom the chat speaks with: a terminal, a panel, a test. */
import type { ToolResult } from "../tools/tool.ts";
import type { ActionView } from "./action.ts";

export interface Person {
  /** Words of the model, as they come. */
  write(text: string): void;
  /** One line of ours. */
  note(line: string): void;
  /** Shows the action in full and asks. Nothing but a yes of theirs is one. */
  agrees(action: ActionView, signal: AbortSignal): Promise<boolean>;
  /** What a tool has come back with, for a person to read. */
  show(tool: string, result: ToolResult): void;
}
