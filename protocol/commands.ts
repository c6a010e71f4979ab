/**
 * The one list of commands that a node listens to: their topics, and whether a node with `--trust` requires a trusted
 * signature. Key grants and the audit log use these command names.
 */
import { ALL_NODES } from "./names.ts";

/** The properties of a command. An `open` command states why it may be open. */
type CommandRule =
  & {
    readonly topic: string;
    /** It describes a desired state, so a retained message counts too; the other commands are to be executed once. */
    readonly mayBeKept?: true;
  }
  & ({ readonly access: "signed" } | { readonly access: "open"; readonly because: string });

/** `{node}` is the listening node; the other variable becomes the handler's `subject`. */
export const COMMANDS = {
  spawn: { topic: "nodes/{node}/spawn", access: "signed", mayBeKept: true },
  desired_state: { topic: "nodes/{node}/desired_state", access: "signed", mayBeKept: true },
  stop: { topic: "nodes/{node}/stop", access: "signed" },
  stop_all: { topic: "nodes/{node}/stop_all", access: "signed" },
  list: { topic: "nodes/{node}/list", access: "open", because: "it changes nothing" },
  roll_call: { topic: `nodes/${ALL_NODES}/list`, access: "open", because: "it changes nothing" },
  inspect: { topic: "nodes/{node}/inspect", access: "signed" },
  migrate: { topic: "nodes/{node}/migrate", access: "signed" },
  migration: {
    topic: "nodes/{node}/migration",
    access: "open",
    because: "nodes sign what they say to each other with keys of their own",
  },
  upgrade: { topic: "nodes/{node}/upgrade", access: "signed" },
  commands: { topic: "agents/{id}/commands", access: "signed" },
  task: {
    topic: "agents/by-name/{agent}/task",
    access: "open",
    because: "it is data for an agent's code, and any agent may send it",
  },
  reply: {
    topic: "nodes/{node}/reply/{request}",
    access: "open",
    because: "it is data for the agent that has asked",
  },
} as const satisfies Readonly<Record<string, CommandRule>>;

type Commands = typeof COMMANDS;
export type NodeCommand = keyof Commands;

/** The commands on the node's own topics, `nodes/{node}/{command}`. */
export type DirectCommand = {
  [C in NodeCommand]: Commands[C]["topic"] extends `nodes/{node}/${C}` ? C : never;
}[NodeCommand];

/** The commands that must be signed on a node with `--trust`. */
export type SignedCommand = {
  [C in NodeCommand]: Commands[C]["access"] extends "signed" ? C : never;
}[NodeCommand];

export const NODE_COMMANDS = Object.keys(COMMANDS) as NodeCommand[];
export const DIRECT_COMMANDS = NODE_COMMANDS.filter(isDirect);
export const SIGNED_COMMANDS = NODE_COMMANDS.filter(isSigned);

/** The commands that dashboard buttons send on `agents/{id}/commands`. */
export const AGENT_COMMANDS = ["pause", "resume", "stop", "delete", "restart"] as const;
export type AgentCommand = (typeof AGENT_COMMANDS)[number];

/** Everything not declared open must be signed. */
export function isSigned(command: NodeCommand): command is SignedCommand {
  return COMMANDS[command].access !== "open";
}

/** Whether a retained command, stored by the broker before the node subscribed, counts. */
export function mayBeKept(command: NodeCommand): boolean {
  return "mayBeKept" in COMMANDS[command];
}

function isDirect(command: NodeCommand): command is DirectCommand {
  return COMMANDS[command].topic === `nodes/{node}/${command}`;
}

/** The command filters of the node itself; each agent adds its task and command topics. */
export function nodeFilters(node: string): string[] {
  return [...DIRECT_COMMANDS, "roll_call" as const, "reply" as const].map((command) =>
    COMMANDS[command].topic.replace("{node}", () => node).replace("{request}", "+")
  );
}

/** A received command. */
export interface Incoming {
  readonly command: NodeCommand;
  /** What the topic names besides the node: an agent, an agent's id, or a request; empty if nothing. */
  readonly subject: string;
}

const PATTERNS = NODE_COMMANDS.map((command) => ({ command, levels: COMMANDS[command].topic.split("/") }));

/** Parses a topic from the view of `node`; `undefined` if it is not a command for the node. */
export function matchIncoming(node: string, topic: string): Incoming | undefined {
  const levels = topic.split("/");
  for (const { command, levels: pattern } of PATTERNS) {
    const subject = subjectIn(pattern, levels, node);
    if (subject !== undefined) return { command, subject };
  }
  return undefined;
}

function subjectIn(
  pattern: readonly string[],
  levels: readonly string[],
  node: string,
): string | undefined {
  if (pattern.length !== levels.length) return undefined;
  let subject = "";
  for (const [index, part] of pattern.entries()) {
    const level = levels[index] ?? "";
    if (part === "{node}" ? level === node : part === level) continue;
    if (part === "{node}" || !part.startsWith("{")) return undefined;
    subject = level;
  }
  return subject;
}
