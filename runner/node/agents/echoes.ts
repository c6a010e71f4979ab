/** Tells the copies that the broker sends of this node's own messages from the messages of others. Pure. */
import { createHash } from "node:crypto";

/** A message to or from the broker, as far as its identity goes. */
interface Content {
  readonly topic: string;
  readonly payload: string | Uint8Array;
}

type Sent = Content & { readonly retain: boolean };

/** Payloads up to this size are compared as they are, larger ones by their hash. */
const MAX_PLAIN_BYTES = 256;

/** A copy comes within this time of the acknowledgement: a connection that is silent for longer is given up. */
const CERTAIN_MS = 30_000;
/** … or within this time, if it is unknown whether the broker had read the message before the connection broke. */
const POSSIBLE_MS = 5000;

// deno-lint-ignore no-control-regex -- all of ASCII
const ASCII = /^[\x00-\x7f]*$/;
const ENCODER = new TextEncoder();

const MAX_COPIES = 10_000;

/** The same for a sent message and for each copy of it. */
export function fingerprint({ topic, payload }: Content): string {
  return `${topic.length} ${topic}${printOf(payload)}`;
}

function printOf(payload: string | Uint8Array): string {
  // The common case: ASCII text equals its bytes, read as characters.
  if (typeof payload === "string" && payload.length <= MAX_PLAIN_BYTES && ASCII.test(payload)) return payload;
  const bytes = typeof payload === "string" ? ENCODER.encode(payload) : payload;
  if (bytes.length <= MAX_PLAIN_BYTES) return String.fromCharCode(...bytes);
  // Padded to be longer than any plain payload.
  return createHash("sha512").update(bytes).digest("hex").padEnd(MAX_PLAIN_BYTES + 1);
}

/** A copy that may still come. */
interface Copy {
  readonly print: string;
  readonly topic: string;
  readonly retain: boolean;
  /** The number of the connection over which it certainly arrives, if that stays up; `undefined` if there is none. */
  readonly connection: number | undefined;
  /**
   * `sent`: not acknowledged. `broken`: nor will it be, because the connection that it was sent over broke.
   * `past`: the broker has read it, or never will.
   */
  state: "sent" | "broken" | "past";
  /** Until when a `past` copy may arrive, on the monotonic clock. */
  untilMs: number;
}

/**
 * The copies that may still arrive over one connection with subscriptions; the node publishes over another one. The
 * subscribing connection has a clean session: messages that the broker reads while it is down do not arrive.
 *
 * Invariants: for each sent message, at most as many copies are recognised as the broker may send; the memory is
 * bounded.
 */
export class Echoes {
  /** The oldest first. */
  readonly #copies = new Set<Copy>();
  readonly #byPrint = new Map<string, Copy[]>();
  /** Copies of retained messages. */
  readonly #byTopic = new Map<string, Copy[]>();
  readonly #sent = new Map<object, Copy[]>();
  #connection = 0;
  #isUp = false;

  get isEmpty(): boolean {
    return this.#copies.size === 0;
  }

  /** The connection is up, and the subscriptions are on their way. */
  up(): void {
    this.#connection += 1;
    this.#isUp = true;
  }

  down(): void {
    this.#isUp = false;
    this.#removeAll(({ state }) => state === "past");
  }

  /**
   * A message is sent to the broker, for the first time or again.
   * @param count how many copies the broker may send
   */
  sent(message: Sent, count: number): void {
    this.#expect(message, count, this.#isUp ? this.#connection : undefined);
  }

  /** A new subscription matches a message that is in flight: the broker may process either first. */
  underWay(message: Sent, count: number): void {
    if (!this.#sent.has(message)) this.#expect(message, count, undefined);
  }

  /** The broker has the message. */
  acknowledged(message: object, nowMs: number): void {
    for (const copy of this.#take(message)) {
      if (!this.#isUp) this.#remove(copy);
      else this.#past(copy, nowMs + (copy.connection === this.#connection ? CERTAIN_MS : POSSIBLE_MS));
    }
    this.#sweep(nowMs);
  }

  /** The connection over which the message was sent broke. */
  broken(message: object): void {
    for (const copy of this.#take(message)) copy.state = "broken";
  }

  /** The node is connected again: the broker reads nothing more from earlier connections. */
  reconnected(nowMs: number): void {
    if (!this.#isUp) return this.#removeAll(({ state }) => state === "broken");
    for (const copy of this.#copies) if (copy.state === "broken") this.#past(copy, nowMs + POSSIBLE_MS);
  }

  /** A message has arrived. @returns whether it is a copy of the node's own */
  heard(message: Content, nowMs: number): boolean {
    if (this.isEmpty) return false;
    const copies = this.#byPrint.get(fingerprint(message)) ?? [];
    const isSure = ({ state, untilMs }: Copy) => state === "sent" || untilMs > nowMs + POSSIBLE_MS;
    // Prefer a copy that certainly arrives: the others are forgotten sooner.
    const copy = copies.find((one) => isDue(one, nowMs) && isSure(one)) ??
      copies.find((one) => isDue(one, nowMs));
    if (copy === undefined) return false;
    this.#remove(copy);
    return true;
  }

  /** Whether a copy of a retained message on `topic` may still arrive: what the broker had retained before is older. */
  awaitsRetained(topic: string, nowMs: number): boolean {
    return this.#byTopic.get(topic)?.some((copy) => isDue(copy, nowMs)) === true;
  }

  #expect(message: Sent, count: number, connection: number | undefined): void {
    const { topic, retain } = message;
    const print = fingerprint(message);
    const copies = this.#sent.get(message) ?? [];
    this.#sent.set(message, copies);
    for (let index = 0; index < count; index++) {
      // Whether there is more than one copy depends on the broker.
      const isAwaited = retain && index === 0;
      const copy: Copy = { print, topic, retain: isAwaited, connection, state: "sent", untilMs: Infinity };
      this.#add(copy);
      copies.push(copy);
    }
  }

  #past(copy: Copy, untilMs: number): void {
    copy.state = "past";
    copy.untilMs = untilMs;
  }

  #take(message: object): Copy[] {
    const copies = this.#sent.get(message) ?? [];
    this.#sent.delete(message);
    return copies.filter((copy) => this.#copies.has(copy));
  }

  #add(copy: Copy): void {
    this.#copies.add(copy);
    enter(this.#byPrint, copy.print, copy);
    if (copy.retain) enter(this.#byTopic, copy.topic, copy);
    if (this.#copies.size <= MAX_COPIES) return;
    const [oldest] = this.#copies;
    if (oldest !== undefined) this.#remove(oldest);
  }

  #remove(copy: Copy): void {
    this.#copies.delete(copy);
    leave(this.#byPrint, copy.print, copy);
    if (copy.retain) leave(this.#byTopic, copy.topic, copy);
  }

  #removeAll(isGone: (copy: Copy) => boolean): void {
    for (const copy of this.#copies) if (isGone(copy)) this.#remove(copy);
  }

  /** Forgets the oldest copies that can no longer arrive. */
  #sweep(nowMs: number): void {
    for (const copy of this.#copies) {
      if (isDue(copy, nowMs)) return;
      this.#remove(copy);
    }
  }
}

function isDue({ untilMs }: Copy, nowMs: number): boolean {
  return nowMs < untilMs;
}

function enter<T>(map: Map<string, T[]>, key: string, value: T): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [value]);
  else known.push(value);
}

function leave<T>(map: Map<string, T[]>, key: string, value: T): void {
  const known = map.get(key);
  const at = known?.indexOf(value) ?? -1;
  if (known === undefined || at < 0) return;
  if (known.length === 1) map.delete(key);
  else known.splice(at, 1);
}
