/** Slash commands: chat commands that need no model. Pure. */
import type { Plan } from "../planner/plan.ts";
import { understand } from "../planner/understand.ts";

export type Slash =
  | { readonly kind: "plan"; readonly plan: Plan }
  | { readonly kind: "quit" }
  /** @param reason includes the command's usage */
  | { readonly kind: "unusable"; readonly reason: string };

export const SLASH_HELP: readonly string[] = [
  "/nodes                              the nodes",
  "/agents [NODE]                      the agents, of one node or of all",
  "/migrate AGENT NODE                 moves an agent",
  "/deploy NODE USER@HOST BROKER       brings a node to a device",
  "/help                               lists sentences and commands",
  "/quit                               ends the chat; so does Ctrl-D",
];

/** How a slash command becomes a sentence for the built-in planner, and how many words it takes. */
type Sentence = readonly [
  usage: string,
  sentence: (...words: readonly string[]) => string,
  min: number,
  max: number,
];

const SENTENCES: Readonly<Record<string, Sentence>> = {
  nodes: ["/nodes", () => "list nodes", 0, 0],
  agents: ["/agents [NODE]", (node) => node === undefined ? "list agents" : `list agents on ${node}`, 0, 1],
  migrate: ["/migrate AGENT NODE", (agent, node) => `move agent ${agent} to node ${node}`, 2, 2],
  deploy: [
    "/deploy NODE USER@HOST BROKER",
    (node, address, broker) => `deploy node ${node} to ${address} with broker ${broker}`,
    3,
    3,
  ],
  help: ["/help", () => "help", 0, 0],
};

/** @returns `undefined` for a line that is not a command */
export function parseSlash(line: string): Slash | undefined {
  const match = /^\/([a-z]+)(?:\s+(.*))?$/s.exec(line.trim());
  if (match === null) return line.trim().startsWith("/") ? unknown(line.trim()) : undefined;
  const [, command = "", rest = ""] = match;
  if (command === "quit" || command === "exit") return { kind: "quit" };
  const sentence = SENTENCES[command];
  if (sentence === undefined) return unknown(`/${command}`);
  const words = rest.split(/\s+/).filter((word) => word !== "");
  const [usage, say, min, max] = sentence;
  if (words.length < min || words.length > max) return { kind: "unusable", reason: `Usage: ${usage}` };
  const understanding = understand(say(...words));
  return understanding.kind === "plan"
    ? understanding
    : { kind: "unusable", reason: `${understanding.reason}. Usage: ${usage}` };
}

function unknown(command: string): Slash {
  return { kind: "unusable", reason: `There is no ${command.slice(0, 40)}: /help lists the commands` };
}
