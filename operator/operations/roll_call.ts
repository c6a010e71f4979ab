/** Asks all nodes at once who is there, whether or not the broker keeps what they say of themselves. */
import { isName } from "../../protocol/names.ts";
import { topics } from "../../protocol/topics.ts";
import { BusError } from "../bus_error.ts";
import type { Operator } from "../operator.ts";

export interface RollCallOptions {
  /**
   * How long no answer may come from the nodes known to be online before the others count as silent, milliseconds. Of
   * hundreds, the last may need longer than this.
   */
  readonly answerMs?: number;
  readonly signal?: AbortSignal | undefined;
}

const ANSWER_MS = 400;
/** How long to wait for a first answer if no node is known to be online. */
const NOBODY_MS = 1000;
/** After a node that the broker did not know, others may follow. */
const QUIET_MS = 200;

/**
 * Resolves when every node known to be online has answered. If others answer too, the broker does not keep the nodes'
 * reports, or not all of them: then it waits until no more answers arrive.
 * @returns the nodes that have answered; their agents are then in the fleet
 */
export async function callRoll(
  { commander, fleet }: Operator,
  { answerMs = ANSWER_MS, signal }: RollCallOptions = {},
): Promise<ReadonlySet<string>> {
  const expected = new Set(fleet.nodes.filter(({ isOnline }) => isOnline).map(({ name }) => name));
  const answered = new Set<string>();
  const done = Promise.withResolvers<void>();
  let timer = setTimeout(done.resolve, expected.size === 0 ? NOBODY_MS : answerMs);
  let isSurprised = expected.size === 0;
  const onAnswer = (node: string, agents: readonly unknown[]) => {
    isSurprised ||= !expected.has(node) && !answered.has(node);
    answered.add(node);
    fleet.applyList(node, agents, Date.now());
    const isOneLess = expected.delete(node);
    if (expected.size === 0 && !isSurprised) return done.resolve();
    // Whoever invents nodes prolongs nothing while others are waited for.
    if (expected.size > 0 && !isOneLess) return;
    clearTimeout(timer);
    timer = setTimeout(done.resolve, expected.size === 0 ? QUIET_MS : answerMs);
  };
  signal?.addEventListener("abort", () => done.resolve(), { once: true });
  try {
    using _question = await commander.ask(topics.rollCall, ({ node, agents }) => {
      if (isName(node) && Array.isArray(agents)) onAnswer(node, agents);
    });
    await done.promise;
  } catch (error) {
    // Rules of the broker that know only questions to single nodes.
    if (!(error instanceof BusError)) throw error;
  } finally {
    clearTimeout(timer);
  }
  return answered;
}
