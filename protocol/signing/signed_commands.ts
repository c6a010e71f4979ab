/** The commands that change something, or show what is not for everybody: where signatures count, they must be signed. */
import type { NodeCommand } from "../topics.ts";

/** The commands that must be signed; `commands` stands for `agents/{id}/commands`. */
export const SIGNED_COMMANDS = [
  "spawn",
  "desired_state",
  "stop",
  "stop_all",
  "migrate",
  "inspect",
  "upgrade",
  "commands",
] as const;
export type SignedCommand = (typeof SIGNED_COMMANDS)[number];

/** Whether a command to a node must be signed; `list`, and what nodes say to each other, need not be. */
export function isSigned(command: NodeCommand): command is SignedCommand & typeof command {
  return (SIGNED_COMMANDS as readonly string[]).includes(command);
}
