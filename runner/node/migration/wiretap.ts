/** Listens to other nodes for a while, such as the node an agent moves to. */
import { filterMatches } from "../../../protocol/topics.ts";
import type { IncomingMessage, Link } from "../../link/link.ts";

/** A message that was overheard. */
export interface Overheard {
  readonly topic: string;
  /** The payload as JSON; `undefined` when it is none. */
  readonly json: unknown;
  readonly retained: boolean;
}

interface Tap {
  readonly filters: readonly string[];
  readonly onMessage: (message: Overheard) => void;
}

export class Wiretap {
  readonly #taps = new Set<Tap>();

  /** @param isOurs whether the node itself needs a filter: it then stays subscribed */
  constructor(private readonly link: Link, private readonly isOurs: (filter: string) => boolean) {}

  /** Listens until it is disposed of. Resolves when the broker has confirmed it, or at once while the link is away. */
  async listen(filters: readonly string[], onMessage: (message: Overheard) => void): Promise<Disposable> {
    const tap: Tap = { filters, onMessage };
    this.#taps.add(tap);
    await this.link.subscribe(filters.filter((filter) => !this.isOurs(filter)), 0);
    return { [Symbol.dispose]: () => this.#end(tap) };
  }

  deliver({ topic, payload, retained }: IncomingMessage): void {
    if (this.#taps.size === 0) return;
    const listening = [...this.#taps].filter(({ filters }) =>
      filters.some((filter) => filterMatches(filter, topic))
    );
    if (listening.length === 0) return;
    const message: Overheard = { topic, json: parse(payload), retained };
    for (const { onMessage } of listening) onMessage(message);
  }

  #end(tap: Tap): void {
    this.#taps.delete(tap);
    const inUse = new Set([...this.#taps].flatMap(({ filters }) => filters));
    this.link.unsubscribe(tap.filters.filter((filter) => !inUse.has(filter) && !this.isOurs(filter)));
  }
}

function parse(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(payload));
  } catch {
    // Not a message of this software.
    return undefined;
  }
}
