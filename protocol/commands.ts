/**
 * Every command that a node listens to, once: where it comes in, and whether a node with `--trust` obeys it only when
 * somebody whom it trusts has signed it. The name of a command is what keys are granted and what the audit log calls it.
 */

/** What a command says of itself. One that is `open` says why it may be. */
type CommandRule =
  & {
    readonly topic: string;
    /** It says what should be, so that it counts when the broker has kept it, too; the others say what to do once. */
    readonly mayBeKept?: true;
  }
  & ({ readonly access: "signed" } | { readonly access: "open"; readonly because: string });

/** `{node}` is the node that listens; the other variable is the `subject` that a handler is given. */
export const COMMANDS = {
  spawn: { topic: "nodes/{node}/spawn", access: "signed", mayBeKept: true },
  desired_state: { topic: "nodes/{node}/desired_state", access: "signed", mayBeKept: true },
  stop: { topic: "nodes/{node}/stop", access: "signed" },
  stop_all: { topic: "nodes/{node}/stop_all", access: "signed" },
  list: { topic: "nodes/{node}/list", access: "open", because: "it changes nothing" },
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

/** The commands on a topic of the node's own, `nodes/{node}/{command}`. */
export type DirectCommand = {
  [C in NodeCommand]: Commands[C]["topic"] extends `nodes/{node}/${C}` ? C : never;
}[NodeCommand];

/** The commands that must be signed where signatures count. */
export type SignedCommand = {
  [C in NodeCommand]: Commands[C]["access"] extends "signed" ? C : never;
}[NodeCommand];

export const NODE_COMMANDS = Object.keys(COMMANDS) as NodeCommand[];
export const DIRECT_COMMANDS = NODE_COMMANDS.filter(isDirect);
export const SIGNED_COMMANDS = NODE_COMMANDS.filter(isSigned);

/** What the buttons of a dashboard send on `agents/{id}/commands`. */
export const AGENT_COMMANDS = ["pause", "resume", "stop", "delete", "restart"] as const;
export type AgentCommand = (typeof AGENT_COMMANDS)[number];

/** Anything that is not said to be open must be signed. */
export function isSigned(command: NodeCommand): command is SignedCommand {
  return COMMANDS[command].access !== "open";
}

/** Whether a command counts that the broker has kept from before the node's subscription. */
export function mayBeKept(command: NodeCommand): boolean {
  return "mayBeKept" in COMMANDS[command];
}

function isDirect(command: NodeCommand): command is DirectCommand {
  return COMMANDS[command].topic === `nodes/{node}/${command}`;
}

/** The commands a node subscribes to for itself; an agent adds its task and command topics. */
export function nodeFilters(node: string): string[] {
  return [...DIRECT_COMMANDS, "reply" as const].map((command) =>
    COMMANDS[command].topic.replace("{node}", () => node).replace("{request}", "+")
  );
}

/** A command that has arrived. */
export interface Incoming {
  readonly command: NodeCommand;
  /** What the topic names beside the node: an agent, an agent's id, or a request. Empty where it names nothing. */
  readonly subject: string;
}

const PATTERNS = NODE_COMMANDS.map((command) => ({ command, levels: COMMANDS[command].topic.split("/") }));

/** Reads a topic as `node` sees it; `undefined` when it means nothing to the node itself. */
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
