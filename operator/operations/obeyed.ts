/** Waits for the result of a command: the node's answer, or the observed effect when the node does not answer. */
import type { BusMessage } from "../bus.ts";
import { type Answer, RefusedError } from "../commander.ts";
import type { Operator } from "../operator.ts";

/** Evidence on the bus that a command was obeyed. Some node implementations do not answer `stop` and `migrate`. */
export interface Signs {
  readonly filters: readonly string[];
  /** @returns `undefined` for a message that proves nothing */
  readonly read: (message: BusMessage) => { readonly done: true } | { readonly error: string } | undefined;
}

/** How long to wait for an answer once the effect was seen: a node that answers does so right after acting. */
const ANSWER_MS = 1000;

/**
 * @param give sends the command and waits for the answer, until its signal aborts
 * @returns the answer; an empty one when only the effect was seen
 * @throws what `give` throws when nothing was seen; RefusedError when a failure was seen
 */
export async function obeyed(
  { bus }: Operator,
  signs: Signs,
  give: (signal: AbortSignal) => Promise<Answer>,
): Promise<Answer> {
  const seen = Promise.withResolvers<Answer>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const note = (message: BusMessage) => {
    const sign = message.retained ? undefined : signs.read(message);
    if (sign === undefined || timer !== undefined) return;
    timer = setTimeout(() => {
      if ("done" in sign) seen.resolve({});
      else seen.reject(new RefusedError(sign.error, undefined));
    }, ANSWER_MS);
  };
  const over = new AbortController();
  using _signs = await bus.subscribeAll(signs.filters.map((filter) => ({ filter, handler: note })));
  const answered = give(over.signal);
  // It loses the race when only the effect is seen.
  answered.catch(() => {});
  try {
    return await Promise.race([answered, seen.promise]);
  } finally {
    clearTimeout(timer);
    over.abort();
  }
}
