/**
 * Finds out what a broker does not support: in MQTT 3.1.1 a broker can only say so by closing the connection. After
 * connections that broke with messages in flight, the link enters careful mode: first it sends nothing, to recognise a
 * broker that closes the connection regardless, and then it sends small groups, which it divides until one message is left.
 * Pure.
 */
import { Groups } from "./groups.ts";
import { type Judged, PutAside } from "./put_aside.ts";

/** The delivery options requested for a message. */
export interface Way {
  readonly retain: boolean;
  readonly qos: 0 | 1 | 2;
}

export interface Sent extends Way, Judged {}

/** How many connections must break with something in flight before careful mode starts. */
const BREAKS_TO_CARE = 2;
/** Length of the initial silence. */
export const SILENCE_MS = 1000;
/** How many connections a message must break, sent alone, before it is sent with weaker options. */
const TRIES = 2;

/**
 * Invariants: only a message that was alone in flight is blamed, and only on a connection that was stable without it; a
 * delivered message clears its topic of all blame.
 */
export class Caution {
  #breaks = 0;
  #isOn = false;
  /** The options that the broker is not known to refuse. */
  #most: Way = { retain: true, qos: 2 };
  /** Options that have worked once: they are never blamed. */
  #proved: Way = { retain: false, qos: 0 };
  /** How many connections each topic has broken. */
  readonly #broken = new Map<string, number>();
  readonly #putAside = new PutAside();
  readonly #groups = new Groups();

  /** Whether the next connection uses careful mode. */
  get isOn(): boolean {
    return this.#isOn;
  }

  /** Whether every message may be sent unchanged. */
  get takesAll(): boolean {
    const { retain, qos } = this.#most;
    return retain && qos === 2 && this.#broken.size === 0 && this.#putAside.isEmpty;
  }

  /** In careful mode: the most messages that may be under way together. */
  get groupSize(): number {
    return this.#groups.size;
  }

  /**
   * A connection in normal mode has ended.
   * @param messages those that were not acknowledged
   * @param isMore whether something else was not answered, or a message only just
   */
  broke(messages: readonly Sent[], isMore = false): void {
    this.#breaks = messages.length > 0 || isMore ? this.#breaks + 1 : 0;
    this.#isOn = this.#breaks >= BREAKS_TO_CARE;
    this.#groups.broke(messages);
  }

  /**
   * A careful connection has ended.
   * @param group the messages that were under way
   * @returns the one to give up
   */
  groupBroke<T extends Sent>(group: readonly T[], nowMs: number): T | undefined {
    if (group.length > 0) this.#groups.broke(group);
    const [message] = group;
    return message !== undefined && group.length === 1 && this.#brokeOver(message, nowMs)
      ? message
      : undefined;
  }

  /** A silent connection broke, so messages are not to blame; or a connection proved stable. */
  clear(): void {
    this.#isOn = false;
    this.#breaks = 0;
    this.#broken.clear();
    this.#groups.clear();
  }

  /** Whether a message like it has been given up. */
  isPutAside(message: Sent, nowMs: number): boolean {
    return this.#putAside.has(message, nowMs);
  }

  /** The size from which messages on a topic are given up. */
  limitOf(topic: string, nowMs: number): number | undefined {
    return this.#putAside.limitOf(topic, nowMs);
  }

  /** How to send a message. */
  wayFor(message: Sent): Way {
    const ways = this.#waysFor(message);
    const way = ways[this.#broken.get(message.topic) ?? 0] ?? ways[0] ?? message;
    // Its acknowledgement tells whether it was delivered.
    return this.#isOn && way.qos === 0 && message.qos === 0 && this.#most.qos > 0 ? { ...way, qos: 1 } : way;
  }

  /** The message was delivered. @returns what the broker turned out not to support, for the operator */
  passed(message: Sent, way: Way): readonly string[] {
    if ((way.retain && !this.#proved.retain) || way.qos > this.#proved.qos) this.#prove(way);
    this.#putAside.passed(message);
    if (this.#isOn) this.#groups.passed(message);
    if (this.#broken.size === 0) return [];
    this.#broken.delete(message.topic);
    return this.learn(this.#atMost(message), way);
  }

  /** The requested options failed and `way` worked. @returns as `passed` */
  learn(asked: Way, way: Way): readonly string[] {
    const lacks: string[] = [];
    if (asked.retain && !way.retain) {
      lacks.push(
        "retained messages: spawns sent while this node is away are lost, and a vanished node is noticed only " +
          "by missing heartbeats",
      );
      this.#most = { ...this.#most, retain: false };
    }
    if (way.qos < asked.qos) {
      lacks.push(
        way.qos === 1
          ? "QoS 2: such messages are sent at QoS 1 and may arrive twice"
          : "QoS 1: messages in flight when the connection breaks are lost",
      );
      this.#most = { ...this.#most, qos: way.qos };
    }
    if (lacks.length > 0) this.clear();
    return lacks;
  }

  /** A message that was alone has broken the connection. @returns whether to give it up */
  #brokeOver(message: Sent, nowMs: number): boolean {
    const { topic } = message;
    const broken = (this.#broken.get(topic) ?? 0) + 1;
    this.#broken.set(topic, broken);
    if (broken < this.#waysFor(message).length) return false;
    // Careful mode goes on: there may be more of them.
    this.#broken.delete(topic);
    this.#groups.passed(message);
    this.#putAside.add(message, nowMs);
    return true;
  }

  #prove({ retain, qos }: Way): void {
    const known = this.#proved;
    this.#proved = { retain: retain || known.retain, qos: qos > known.qos ? qos : known.qos };
  }

  #atMost({ retain, qos }: Way): Way {
    const most = this.#most;
    return { retain: retain && most.retain, qos: qos < most.qos ? qos : most.qos };
  }

  /** First unchanged, several times; then with fewer and fewer of the options that have never worked. */
  #waysFor(message: Sent): Way[] {
    const asked = this.#atMost(message);
    const proved = this.#proved;
    const leastQos = Math.min(asked.qos, proved.qos);
    const mayBe = (way: Way) => way.qos >= leastQos && (way.retain || !asked.retain || !proved.retain);
    return [...Array.from({ length: TRIES }, () => asked), ...lesserWays(asked).filter(mayBe)];
  }
}

/** Weaker alternatives, strongest first. */
export function lesserWays({ retain, qos }: Way): Way[] {
  const ways: Way[] = [];
  if (qos === 2) ways.push({ retain, qos: 1 });
  if (retain) ways.push({ retain: false, qos: qos === 0 ? 0 : 1 });
  if (qos > 0) ways.push({ retain, qos: 0 });
  if (qos > 0 && retain) ways.push({ retain: false, qos: 0 });
  return ways;
}
