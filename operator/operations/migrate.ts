/** Moves an agent to another node. */
import { placementEpoch } from "../../protocol/placement.ts";
import { topics } from "../../protocol/topics.ts";
import type { CommandOptions } from "../commander.ts";
import { fieldsOf } from "../json.ts";
import type { Operator } from "../operator.ts";
import { locate, onlineNode, type Place } from "./find.ts";
import { obeyed, type Signs } from "./obeyed.ts";

export interface Migration {
  readonly agent: string;
  readonly from: string;
  readonly to: string;
}

/** The nodes negotiate the move, and may wait for each other. */
const TIMEOUT_MS = 120_000;

/**
 * Resolves when the agent runs on its new node and nowhere else.
 * @param options.node where it runs, if several nodes run an agent of this name
 * @throws OperationError when it cannot begin; RefusedError with the node's reason; NoAnswerError
 */
export async function migrate(
  operator: Operator,
  name: string,
  to: string,
  { timeoutMs = TIMEOUT_MS, node }: CommandOptions & { readonly node?: string | undefined } = {},
): Promise<Migration> {
  return await migrateFrom(operator, locate(operator.fleet, name, node), to, { timeoutMs });
}

/** As `migrate`, for a known place. @throws as `migrate` */
export async function migrateFrom(
  operator: Operator,
  { name, actorId, node: from }: Place,
  to: string,
  { timeoutMs = TIMEOUT_MS }: CommandOptions = {},
): Promise<Migration> {
  onlineNode(operator.fleet, to);
  const signs: Signs = {
    filters: [topics.migrateResult(from)],
    read: ({ payload }) => {
      const { agent, success, error } = fieldsOf(payload);
      if (agent !== name) return undefined;
      return success === true ? { done: true } : { error: String(error) };
    },
  };
  const known = operator.fleet.instances(actorId).map(({ epoch }) => epoch);
  const order = { name, target_node: to, epoch: placementEpoch(known, Date.now(), Math.random()) };
  await obeyed(
    operator,
    signs,
    (signal) => operator.commander.command(from, "migrate", order, { timeoutMs, signal }),
  );
  return { agent: name, from, to };
}
