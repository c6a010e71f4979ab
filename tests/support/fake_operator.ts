/** Operators at a broker in memory, which keeps what is to be kept and tells all in one order. */
import type { BusMessage, MessageHandler } from "../../operator/bus.ts";
import { Fleet } from "../../operator/fleet/fleet.ts";
import type { Operator } from "../../operator/operator.ts";
import type { Signer } from "../../operator/signer.ts";
import { filterMatches } from "../../protocol/topics.ts";

export class FakeBroker {
  readonly kept = new Map<string, Uint8Array>();
  readonly #handlers = new Set<{ readonly filter: string; readonly handler: MessageHandler }>();

  publish(topic: string, value: unknown, retain = false): void {
    const payload = value instanceof Uint8Array
      ? value
      : new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
    if (retain && payload.length === 0) this.kept.delete(topic);
    else if (retain) this.kept.set(topic, payload);
    for (const { filter, handler } of [...this.#handlers]) {
      if (filterMatches(filter, topic)) handler({ topic, payload, retained: false });
    }
  }

  /** @param signer the key of this operator */
  operator(signer?: Signer): Operator {
    const subscribe = (filter: string, handler: (message: BusMessage) => void) => {
      const entry = { filter, handler };
      this.#handlers.add(entry);
      for (const [topic, payload] of this.kept) {
        if (filterMatches(filter, topic)) handler({ topic, payload, retained: true });
      }
      return Promise.resolve({ [Symbol.dispose]: () => void this.#handlers.delete(entry) });
    };
    const subscribeAll = async (
      all: readonly { readonly filter: string; readonly handler: MessageHandler }[],
    ) => {
      const subscriptions = new DisposableStack();
      for (const { filter, handler } of all) subscriptions.use(await subscribe(filter, handler));
      return subscriptions;
    };
    const publish = (topic: string, value: unknown, { retain = false } = {}) => {
      this.publish(topic, value, retain);
      return Promise.resolve();
    };
    return {
      bus: { subscribe, subscribeAll, publish },
      commander: { key: signer, signs: signer !== undefined },
      fleet: new Fleet(),
    } as unknown as Operator;
  }

  /** What is kept on a topic, as JSON. */
  json(topic: string): Record<string, unknown> {
    return JSON.parse(new TextDecoder().decode(this.kept.get(topic)));
  }
}
