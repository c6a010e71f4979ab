/** Listens to the bus until aborted, until a time limit, or until enough messages have arrived. */
import { filterCovers } from "../../protocol/topics.ts";
import type { BusMessage } from "../bus.ts";
import type { Operator } from "../operator.ts";

export interface ListenOptions {
  readonly filters: readonly string[];
  /** Milliseconds; without it, until `signal`. */
  readonly forMs?: number | undefined;
  readonly signal: AbortSignal;
  /** Called once for each message, even if several filters match. @returns whether to stop listening */
  readonly onMessage: (message: BusMessage) => boolean;
}

/** Resolves when listening has ended. @throws BusError when the broker's rules do not allow it */
export async function listen({ bus }: Operator, options: ListenOptions): Promise<void> {
  const { filters, forMs, signal, onMessage } = options;
  const over = Promise.withResolvers<void>();
  const seen = new WeakSet<BusMessage>();
  // A retained message arrives once for each matching filter.
  const kept = new Set<string>();
  let isOver = false;
  const end = () => {
    isOver = true;
    over.resolve();
  };
  const timer = forMs === undefined ? undefined : setTimeout(end, forMs);
  signal.addEventListener("abort", end);
  const handler = (message: BusMessage) => {
    if (isOver || seen.has(message)) return;
    seen.add(message);
    if (message.retained && kept.has(message.topic)) return;
    if (message.retained) kept.add(message.topic);
    if (onMessage(message)) end();
  };
  try {
    const wanted = withoutCovered(filters).map((filter) => ({ filter, handler }));
    using _subscriptions = await bus.subscribeAll(wanted);
    if (signal.aborted) end();
    await over.promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
  }
}

/** Drops overlapping filters: a broker may send a message once for each matching subscription. */
function withoutCovered(filters: readonly string[]): readonly string[] {
  const distinct = [...new Set(filters)];
  return distinct.filter((inner) => !distinct.some((outer) => outer !== inner && filterCovers(outer, inner)));
}
