/**
 * Finds out what a broker does not take: MQTT 3.1.1 has no word for it but the end of the connection. After connections
 * that broke with something under way the link goes on with care: it first says nothing, so that a broker that closes
 * whatever is said is told apart, and then one thing at a time. Pure.
 */

/** What the broker is asked for with a message. */
export interface Way {
  readonly retain: boolean;
  readonly qos: 0 | 1 | 2;
}

export interface Sent extends Way {
  readonly topic: string;
  readonly payload: { readonly length: number };
}

/** Connections that broke with something under way before each thing goes alone. */
const BREAKS_TO_CARE = 2;
/** Nothing is said for so long at first. */
export const SILENCE_MS = 1000;
/** Connections that broke over a message alone before the broker is asked for less. */
const TRIES = 2;
/** What was given up is not tried again for so long: the rules of the broker may have changed since. */
const BAN_MS = 10 * 60_000;
const MAX_BANS = 1000;

/**
 * Invariants: only what was alone under way is blamed, and only on a connection that has stood without it; what
 * gets through clears its topic of all blame.
 */
export class Caution {
  #breaks = 0;
  #isOn = false;
  /** What the broker is not known to refuse. */
  #most: Way = { retain: true, qos: 2 };
  /** What has got through: that is never taken for the fault. */
  #proved: Way = { retain: false, qos: 0 };
  /** Connections that each topic has broken. */
  readonly #broken = new Map<string, number>();
  /** From how many bytes on a message on a topic is not sent, and until when. */
  readonly #bans = new Map<string, { readonly bytes: number; readonly untilMs: number }>();

  /** Whether the next connection is one of care. */
  get isOn(): boolean {
    return this.#isOn;
  }

  /** Whether every message may go as it is. */
  get takesAll(): boolean {
    const { retain, qos } = this.#most;
    return retain && qos === 2 && this.#broken.size === 0 && this.#bans.size === 0;
  }

  /** A connection without care has ended. @param underWay whether something had not been acknowledged */
  broke(underWay: boolean): void {
    this.#breaks = underWay ? this.#breaks + 1 : 0;
    this.#isOn = this.#breaks >= BREAKS_TO_CARE;
  }

  /** One ended in silence: it breaks whatever is said. Or one has stood. */
  clear(): void {
    this.#isOn = false;
    this.#breaks = 0;
    this.#broken.clear();
  }

  /** One of care ended over this message. @returns whether it is to be given up */
  brokeOver(message: Sent, nowMs: number): boolean {
    const { topic, payload } = message;
    const broken = (this.#broken.get(topic) ?? 0) + 1;
    this.#broken.set(topic, broken);
    if (broken < this.#waysFor(message).length) return false;
    this.clear();
    this.#bans.set(topic, { bytes: payload.length, untilMs: nowMs + BAN_MS });
    for (const oldest of this.#bans.keys()) if (this.#bans.size > MAX_BANS) this.#bans.delete(oldest);
    return true;
  }

  /** Whether one like it has been given up. */
  isBanned({ topic, payload }: Sent, nowMs: number): boolean {
    const ban = this.#bans.get(topic);
    if (ban !== undefined && nowMs >= ban.untilMs) this.#bans.delete(topic);
    return ban !== undefined && nowMs < ban.untilMs && payload.length >= ban.bytes;
  }

  /** How to send a message. */
  wayFor(message: Sent): Way {
    const ways = this.#waysFor(message);
    const way = ways[this.#broken.get(message.topic) ?? 0] ?? ways[0] ?? message;
    // With an answer to it, it is known whether it got through.
    return this.#isOn && way.qos === 0 && message.qos === 0 && this.#most.qos > 0 ? { ...way, qos: 1 } : way;
  }

  /** It got through. @returns what the broker has turned out not to take, for the operator */
  passed(message: Sent, way: Way): readonly string[] {
    if ((way.retain && !this.#proved.retain) || way.qos > this.#proved.qos) this.#prove(way);
    if (this.#broken.size === 0) return [];
    this.#broken.delete(message.topic);
    return this.learn(this.#atMost(message), way);
  }

  /** What was asked for did not get through, and `way` did. @returns as `passed` */
  learn(asked: Way, way: Way): readonly string[] {
    const lacks: string[] = [];
    if (asked.retain && !way.retain) {
      lacks.push(
        "retained messages: what is spawned while this node is away is lost, and a node that vanishes is missed only " +
          "when its heartbeats are",
      );
      this.#most = { ...this.#most, retain: false };
    }
    if (way.qos < asked.qos) {
      lacks.push(
        way.qos === 1
          ? "QoS 2: such messages go at QoS 1, and may come twice"
          : "QoS 1: what is under way when the connection breaks is lost",
      );
      this.#most = { ...this.#most, qos: way.qos };
    }
    if (lacks.length > 0) this.clear();
    return lacks;
  }

  #prove({ retain, qos }: Way): void {
    const known = this.#proved;
    this.#proved = { retain: retain || known.retain, qos: qos > known.qos ? qos : known.qos };
  }

  #atMost({ retain, qos }: Way): Way {
    const most = this.#most;
    return { retain: retain && most.retain, qos: qos < most.qos ? qos : most.qos };
  }

  /** As it is, and again; then with less and less of what has never got through. */
  #waysFor(message: Sent): Way[] {
    const asked = this.#atMost(message);
    const proved = this.#proved;
    const leastQos = Math.min(asked.qos, proved.qos);
    const mayBe = (way: Way) => way.qos >= leastQos && (way.retain || !asked.retain || !proved.retain);
    return [...Array.from({ length: TRIES }, () => asked), ...lesserWays(asked).filter(mayBe)];
  }
}

/** What else could be asked for, the most first. */
export function lesserWays({ retain, qos }: Way): Way[] {
  const ways: Way[] = [];
  if (qos === 2) ways.push({ retain, qos: 1 });
  if (retain) ways.push({ retain: false, qos: qos === 0 ? 0 : 1 });
  if (qos > 0) ways.push({ retain, qos: 0 });
  if (qos > 0 && retain) ways.push({ retain: false, qos: 0 });
  return ways;
}
