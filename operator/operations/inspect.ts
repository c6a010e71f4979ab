/** Looks into one agent: what it was spawned with, and what it has persisted. */
import { isJsonObject } from "../../protocol/json.ts";
import type { CommandOptions } from "../commander.ts";
import type { Operator } from "../operator.ts";
import { locate } from "./find.ts";

export interface Inspection {
  readonly agent: string;
  readonly node: string;
  readonly state: string;
  /** As it was spawned, the code included. */
  readonly config: Readonly<Record<string, unknown>>;
  /** `null` when it is too large to be sent. */
  readonly persisted: Readonly<Record<string, unknown>> | null;
  readonly persistedBytes: number;
}

/** @throws OperationError when it runs nowhere; RefusedError; NoAnswerError */
export async function inspectAgent(
  operator: Operator,
  name: string,
  options: CommandOptions = {},
): Promise<Inspection> {
  return await inspectOn(operator, locate(operator.fleet, name).node, name, options);
}

/** The same, where the node is known. @throws RefusedError; NoAnswerError */
export async function inspectOn(
  { commander }: Operator,
  node: string,
  name: string,
  options: CommandOptions = {},
): Promise<Inspection> {
  const answer = await commander.command(node, "inspect", { name }, options);
  const { state } = object(answer.agent);
  return {
    agent: name,
    node,
    state: typeof state === "string" ? state : "unknown",
    config: object(answer.config),
    persisted: answer.persisted === null ? null : object(answer.persisted),
    persistedBytes: typeof answer.persisted_bytes === "number" ? answer.persisted_bytes : 0,
  };
}

function object(value: unknown): Readonly<Record<string, unknown>> {
  return isJsonObject(value) ? value : {};
}
