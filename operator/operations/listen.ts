/** Listens to the bus: as long as somebody wants to, for a time, or for a number of messages. */
import { filterCovers } from "../../protocol/topics.ts";
import type { BusMessage } from "../bus.ts";
import type { Operator } from "../operator.ts";

export interface ListenOptions {
  readonly filters: readonly string[];
  /** Milliseconds; without it, until `signal`. */
  readonly forMs?: number | undefined;
  readonly signal: AbortSignal;
  /** Called for each message; a topic that two filters match comes once. @returns whether that was the last one */
  readonly onMessage: (message: BusMessage) => boolean;
}

/** Resolves when the listening is over. @throws BusError when the broker's rules do not allow it */
export async function listen({ bus }: Operator, options: ListenOptions): Promise<void> {
  const { filters, forMs, signal, onMessage } = options;
  const over = Promise.withResolvers<void>();
  const subscriptions: Disposable[] = [];
  const seen = new WeakSet<BusMessage>();
  // What is kept comes once for each filter that it fits.
  const kept = new Set<string>();
  let isOver = false;
  const end = () => {
    isOver = true;
    over.resolve();
  };
  const timer = forMs === undefined ? undefined : setTimeout(end, forMs);
  signal.addEventListener("abort", end);
  try {
    for (const filter of withoutCovered(filters)) {
      subscriptions.push(
        await bus.subscribe(filter, (message) => {
          if (isOver || seen.has(message)) return;
          seen.add(message);
          if (message.retained && kept.has(message.topic)) return;
          if (message.retained) kept.add(message.topic);
          if (onMessage(message)) end();
        }),
      );
    }
    if (signal.aborted) end();
    await over.promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
    for (const subscription of subscriptions) subscription[Symbol.dispose]();
  }
}

/** Where subscriptions overlap, brokers may send a message once for each. */
function withoutCovered(filters: readonly string[]): readonly string[] {
  const distinct = [...new Set(filters)];
  return distinct.filter((inner) => !distinct.some((outer) => outer !== inner && filterCovers(outer, inner)));
}
