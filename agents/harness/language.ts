/** What the harness needs of a programming language: agent code goes in, its functions come out. */
import type { StartFrame } from "../../protocol/frames.ts";
import type { Decided } from "../../protocol/language.ts";
import type { Agent } from "../types.d.ts";
import type { Description } from "./errors.ts";
import type { AgentFunctions } from "./load.ts";

/** The code of one agent. */
export interface AgentCode {
  /**
   * Loads it. Called once.
   * @throws whatever does not parse, does not resolve, or is thrown at the top level
   */
  load(agent: Agent): Promise<AgentFunctions>;
  /** What it has turned out to be, where nobody knew before it was loaded. */
  readonly language?: Decided | undefined;
  /** Reads JSON that is for it, as its language holds numbers. @throws SyntaxError */
  parse(json: string): unknown;
  /** Describes whatever it has thrown. Never throws itself. */
  describe(thrown: unknown): Description;
  /** Text that may hold stacks, in the agent's own lines alone. */
  localise(text: string): string;
}

/** Prepares the code that a start frame brings; nothing of it runs yet. */
export type OpenCode = (start: StartFrame) => AgentCode;
