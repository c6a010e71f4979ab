/** What an attack is: data, so that one list feeds the table and the tests. */
import type { Field } from "./field.ts";

/** Where the node says that it has stopped an attack, and in which words. */
export interface Sign {
  /**
   * `errors`, `logs`: the agent's own reports; `node`: the node's log; `reply`: the answer to the command;
   * `audit`: the refusals that the node mirrors on the bus.
   */
  readonly on: "errors" | "logs" | "node" | "reply" | "audit";
  readonly says: RegExp;
}

/** Placeholders of the form `%name%` in texts stand for what is known only when the field is there: see `Field.fill`. */
interface Common {
  /** Unique; also the agent's name where the attack is an agent. */
  readonly id: string;
  readonly category: string;
  /** What it tries, in a few words. */
  readonly tries: string;
}

/** The body of an async function that sees `agent` and `given` and returns what it got hold of; see support/probe.ts. */
export interface Probe extends Common {
  readonly kind: "probe";
  readonly body: string;
  /** What the error says, where there is one; `nothing` is what came of an attempt that got nothing. */
  readonly expect: RegExp;
  /** It must get something where there is no sandbox: else a mistake in the attempt would pass for a refusal. */
  readonly control: boolean;
}

/** A whole agent that must be stopped, or be contained. What it gets hold of it publishes to `stolen/{id}`. */
export interface HostileAgent extends Common {
  readonly kind: "agent";
  readonly code: string;
  /** More fields of the spawn config. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly expect: Sign;
}

/** One message that must be refused. */
export interface HostileMessage extends Common {
  readonly kind: "message";
  readonly topic: string;
  /** An object gets a reply topic of its own; a function makes what has to be signed. */
  readonly payload: string | Uint8Array | object | ((field: Field) => Promise<object>);
  readonly expect: Sign;
}

/** Anything that takes several steps. Resolves with what stopped it; throws when nothing did. */
export interface Scene extends Common {
  readonly kind: "scene";
  readonly play: (field: Field, id: string) => Promise<string>;
}

export type Attack = Probe | HostileAgent | HostileMessage | Scene;

/** What came of an attack. */
export interface Verdict {
  readonly attack: Attack;
  readonly held: boolean;
  /** What stopped it, in the words of who did; or how it got through. */
  readonly stoppedBy: string;
}

/** An agent whose `setup()` has that body. */
export function inSetup(body: string): string {
  return `async function setup(agent) {\n${body}\n}`;
}

/** `text` as a part of an id. */
export function slug(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-|-$/g, "");
}
