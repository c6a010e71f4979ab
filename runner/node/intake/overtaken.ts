/** Whether a command may still be obeyed, when a later one was checked before it. Pure. */
import { actorId } from "../../../protocol/ids.ts";
import { isJsonObject } from "../../../protocol/json.ts";
import type { SignedCommand } from "../../../protocol/commands.ts";
import type { Command } from "../commands/command.ts";

/** What a command is about: the id of an agent, all agents, or nothing that another command could change. */
export type Subject = { readonly id: string } | "all" | "nothing";

type About = (command: Command, topicSubject: string) => Subject;

const named: About = ({ json, text }) => {
  const name = isJsonObject(json) ? json.name : typeof json === "string" ? json : text.trim();
  // Without a name it fails anyway.
  return typeof name === "string" ? { id: actorId(name) } : "nothing";
};

const ABOUT: Readonly<Record<SignedCommand, About>> = {
  spawn: named,
  stop: named,
  migrate: named,
  commands: (_command, id) => ({ id }),
  stop_all: () => "all",
  desired_state: () => "all",
  upgrade: () => "all",
  inspect: () => "nothing",
};

/** @param topicSubject what the topic names besides the node */
export function subjectOf(kind: SignedCommand, command: Command, topicSubject: string): Subject {
  return ABOUT[kind](command, topicSubject);
}

/**
 * Invariant: no command is obeyed after a later one about the same agent: what was stopped last stays stopped, however
 * late the spawn before it is checked.
 */
export class Overtaken {
  readonly #byAgent = new Map<string, number>();
  /** The last command about all agents. */
  #all = -1;
  /** The last command about anything. */
  #last = -1;

  /** @returns whether it may be obeyed; it then counts as obeyed */
  obey(order: number, subject: Subject): boolean {
    if (subject === "nothing") return true;
    const before = subject === "all" ? this.#last : Math.max(this.#all, this.#byAgent.get(subject.id) ?? -1);
    if (order < before) return false;
    if (subject === "all") this.#all = order;
    else this.#byAgent.set(subject.id, order);
    this.#last = Math.max(this.#last, order);
    return true;
  }

  /** No earlier command waits any more. */
  forget(): void {
    this.#byAgent.clear();
  }
}
