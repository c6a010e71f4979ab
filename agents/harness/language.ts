/** What the harness needs from a programming language: it turns agent code into functions. */
import type { StartFrame } from "../../protocol/frames.ts";
import type { Decided } from "../../protocol/language.ts";
import type { Agent } from "../types.d.ts";
import type { Description } from "./errors.ts";
import type { AgentFunctions } from "./load.ts";

/** The code of one agent. */
export interface AgentCode {
  /**
   * Loads it. Called once.
   * @throws when the code does not parse or resolve, or throws at its top level
   */
  load(agent: Agent): Promise<AgentFunctions>;
  /** The language found while loading, if it was not known before. */
  readonly language?: Decided | undefined;
  /** Parses JSON for the agent, with the number types of its language. @throws SyntaxError */
  parse(json: string): unknown;
  /** Describes anything the code threw. Never throws. */
  describe(thrown: unknown): Description;
  /** Rewrites text that may contain stack traces to show only the agent's own lines. */
  localise(text: string): string;
}

/** Prepares the code from a start frame without running any of it. */
export type OpenCode = (start: StartFrame) => AgentCode;
