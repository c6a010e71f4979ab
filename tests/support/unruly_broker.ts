/**
 * A broker in memory over which nothing arrives before the test says so. Each client has its own line in both directions:
 * messages wait, are lost with the line, or come twice, but do not overtake each other.
 */
import type { MessageHandler } from "../../operator/bus.ts";
import { Commander } from "../../operator/commander.ts";
import { Fleet } from "../../operator/fleet/fleet.ts";
import type { Operator } from "../../operator/operator.ts";
import { filterMatches } from "../../protocol/topics.ts";

interface Message {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retained: boolean;
}

/** What a client sends. `done` is called when the broker's confirmation has come. */
interface Sent {
  readonly kind: "publish" | "subscribe" | "unsubscribe";
  readonly topic: string;
  readonly payload?: Uint8Array;
  readonly retain?: boolean;
  readonly done: () => void;
}

type Arriving =
  | { readonly kind: "message"; readonly message: Message }
  | { readonly kind: "confirmed"; readonly sent: Sent };

/** Invariant: what has been delivered to a client that is gone has no effect. */
export class Line {
  readonly #toBroker: Sent[] = [];
  readonly #toClient: Arriving[] = [];
  /** What the broker has, but the client does not know it has. */
  readonly #unconfirmed: Sent[] = [];
  readonly filters = new Set<string>();
  #last: Message | undefined;
  isUp = true;

  constructor(private readonly broker: UnrulyBroker, private readonly receive: (message: Message) => void) {}

  get isIdle(): boolean {
    return !this.isUp || (this.#toBroker.length === 0 && this.#toClient.length === 0);
  }

  send(sent: Sent): void {
    this.#toBroker.push(sent);
  }

  arrive(message: Message): void {
    if (this.isUp) this.#toClient.push({ kind: "message", message });
  }

  /** The broker takes the next thing. @returns whether there was one */
  toBroker(): boolean {
    const sent = this.isUp ? this.#toBroker.shift() : undefined;
    if (sent === undefined) return false;
    this.#unconfirmed.push(sent);
    if (sent.kind === "publish") {
      this.broker.publish(sent.topic, sent.payload ?? new Uint8Array(), sent.retain);
    }
    if (sent.kind === "unsubscribe") this.filters.delete(sent.topic);
    if (sent.kind === "subscribe") this.#subscribe(sent.topic);
    this.#toClient.push({ kind: "confirmed", sent });
    return true;
  }

  /** The client gets the next thing. @returns whether there was one */
  toClient(): boolean {
    const next = this.isUp ? this.#toClient.shift() : undefined;
    if (next === undefined) return false;
    if (next.kind === "confirmed") {
      this.#unconfirmed.splice(this.#unconfirmed.indexOf(next.sent), 1);
      next.sent.done();
    } else {
      this.#last = next.message;
      this.receive(next.message);
    }
    return true;
  }

  /** The client gets the last message once more: its confirmation was lost. */
  again(): void {
    if (this.isUp && this.#last !== undefined) this.receive(this.#last);
  }

  /** @param forgets whether the client has died, and what it wanted to send is lost, too */
  cut(forgets: boolean): void {
    this.isUp = false;
    this.#toClient.length = 0;
    const unsure = this.#unconfirmed.splice(0);
    if (forgets) this.#toBroker.length = 0;
    else this.#toBroker.unshift(...unsure);
  }

  /** It is connected again, and what the broker keeps comes once more. */
  mend(): void {
    this.isUp = true;
    for (const filter of [...this.filters]) this.#subscribe(filter);
  }

  #subscribe(filter: string): void {
    this.filters.add(filter);
    for (const [topic, payload] of this.broker.kept) {
      if (filterMatches(filter, topic)) this.arrive({ topic, payload, retained: true });
    }
  }
}

export class UnrulyBroker {
  readonly kept = new Map<string, Uint8Array>();
  readonly #lines = new Set<Line>();

  open(receive: (message: Message) => void): Line {
    const line = new Line(this, receive);
    this.#lines.add(line);
    return line;
  }

  publish(topic: string, payload: Uint8Array, retain = false): void {
    if (retain && payload.length === 0) this.kept.delete(topic);
    else if (retain) this.kept.set(topic, payload);
    for (const line of this.#lines) {
      if ([...line.filters].some((filter) => filterMatches(filter, topic))) {
        line.arrive({ topic, payload, retained: false });
      }
    }
  }

  /** An operator with a line of his own. */
  operator(): { readonly operator: Operator; readonly line: Line } {
    const wanted = new Map<string, Set<MessageHandler>>();
    const line = this.open((message) => {
      for (const [filter, handlers] of [...wanted]) {
        if (!filterMatches(filter, message.topic)) continue;
        for (const handler of [...handlers]) handler(message);
      }
    });
    const sent = (kind: Sent["kind"], topic: string, more: Partial<Sent> = {}) =>
      new Promise<void>((resolve) => line.send({ ...more, kind, topic, done: resolve }));
    const unsubscribe = (filter: string, handler: MessageHandler) => {
      const handlers = wanted.get(filter);
      if (handlers?.delete(handler) !== true || handlers.size > 0) return;
      wanted.delete(filter);
      void sent("unsubscribe", filter);
    };
    const subscribe = async (filter: string, handler: MessageHandler) => {
      const handlers = wanted.get(filter);
      wanted.set(filter, (handlers ?? new Set()).add(handler));
      // As with a real connection, only the first one gets what is kept.
      if (handlers === undefined) await sent("subscribe", filter);
      return { [Symbol.dispose]: () => unsubscribe(filter, handler) };
    };
    const subscribeAll = async (all: readonly { filter: string; handler: MessageHandler }[]) => {
      const subscriptions = new DisposableStack();
      const made = await Promise.all(all.map(({ filter, handler }) => subscribe(filter, handler)));
      made.forEach((one) => subscriptions.use(one));
      return subscriptions;
    };
    const publish = (topic: string, value: unknown, { retain = false } = {}) => {
      const payload = value instanceof Uint8Array ? value : encoded(value);
      return sent("publish", topic, { payload, retain });
    };
    const bus = { subscribe, subscribeAll, publish } as unknown as Operator["bus"];
    return { operator: { bus, commander: new Commander(bus, undefined), fleet: new Fleet() }, line };
  }
}

/** As it goes over the wire: JSON, unless it is text. */
export function encoded(value: unknown): Uint8Array {
  return new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
}
