/** Inspects one agent: its spawn config and its persisted state. */
import { isJsonObject } from "../../protocol/json.ts";
import type { CommandOptions } from "../commander.ts";
import type { Operator } from "../operator.ts";
import { locate } from "./find.ts";

export interface Inspection {
  readonly agent: string;
  readonly node: string;
  readonly state: string;
  /** The spawn config, including the code. */
  readonly config: Readonly<Record<string, unknown>>;
  /** `null` when it is too large to send. */
  readonly persisted: Readonly<Record<string, unknown>> | null;
  readonly persistedBytes: number;
}

/** @throws OperationError when no node runs it; RefusedError; NoAnswerError */
export async function inspectAgent(
  operator: Operator,
  name: string,
  options: CommandOptions & { readonly node?: string | undefined } = {},
): Promise<Inspection> {
  return await inspectOn(operator, locate(operator.fleet, name, options.node).node, name, options);
}

/** As `inspect`, for a known node. @throws RefusedError; NoAnswerError */
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
