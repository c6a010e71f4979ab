/** Waits for what comes of a command: the node's answer, or what a node that does not answer is seen to do. */
import type { BusMessage } from "../bus.ts";
import { type Answer, RefusedError } from "../commander.ts";
import type { Operator } from "../operator.ts";

/** What shows on the bus that a command was obeyed. Nodes of other kinds obey `stop` and `migrate` without answering. */
export interface Signs {
  readonly filters: readonly string[];
  /** @returns `undefined` for a message that tells nothing */
  readonly read: (message: BusMessage) => { readonly done: true } | { readonly error: string } | undefined;
}

/** A node that answers does so right after it has acted. */
const ANSWER_MS = 1000;

/**
 * @param give sends the command and waits for the answer, until its signal says that nobody needs it any more
 * @returns the answer; an empty one from a node that was only seen to obey
 * @throws what `give` throws when nothing was seen; RefusedError when it was seen to fail
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
  using subscriptions = new DisposableStack();
  for (const filter of signs.filters) subscriptions.use(await bus.subscribe(filter, note));
  const answered = give(over.signal);
  // It loses the race where the node is only seen to obey.
  answered.catch(() => {});
  try {
    return await Promise.race([answered, seen.promise]);
  } finally {
    clearTimeout(timer);
    over.abort();
  }
}
