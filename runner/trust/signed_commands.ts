/** The commands that change something, and so must be signed where signatures count. */
import type { NodeCommand } from "../../protocol/topics.ts";

/** The commands that must be signed; `commands` stands for `agents/{id}/commands`. */
export const SIGNED_COMMANDS = ["spawn", "desired_state", "stop", "stop_all", "migrate", "commands"] as const;
export type SignedCommand = (typeof SIGNED_COMMANDS)[number];

/** Whether a command to a node must be signed: all that change something, save what nodes say to each other. */
export function isSigned(command: NodeCommand): command is SignedCommand & typeof command {
  return (SIGNED_COMMANDS as readonly string[]).includes(command);
}
