/**
 * Finds out what a broker does not support: in MQTT 3.1.1 a broker can only say so by closing the connection. After
 * connections that broke with messages in flight, the link enters careful mode: first it sends nothing, to recognise a
 * broker that closes the connection regardless, and then it sends one thing at a time. Pure.
 */

/** The delivery options requested for a message. */
export interface Way {
  readonly retain: boolean;
  readonly qos: 0 | 1 | 2;
}

export interface Sent extends Way {
  readonly topic: string;
  readonly payload: { readonly length: number };
}

/** How many connections must break with something in flight before careful mode starts. */
const BREAKS_TO_CARE = 2;
/** Length of the initial silence. */
export const SILENCE_MS = 1000;
/** How many connections a message must break, sent alone, before it is sent with weaker options. */
const TRIES = 2;
/** When to retry what was given up: the broker's rules may have changed by then. */
const BAN_MS = 10 * 60_000;
const MAX_BANS = 1000;

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
  /** By topic: the message size from which messages are not sent, and until when. */
  readonly #bans = new Map<string, { readonly bytes: number; readonly untilMs: number }>();

  /** Whether the next connection uses careful mode. */
  get isOn(): boolean {
    return this.#isOn;
  }

  /** Whether every message may be sent unchanged. */
  get takesAll(): boolean {
    const { retain, qos } = this.#most;
    return retain && qos === 2 && this.#broken.size === 0 && this.#bans.size === 0;
  }

  /** A connection in normal mode has ended. @param underWay whether something was not acknowledged */
  broke(underWay: boolean): void {
    this.#breaks = underWay ? this.#breaks + 1 : 0;
    this.#isOn = this.#breaks >= BREAKS_TO_CARE;
  }

  /** A silent connection broke, so messages are not to blame; or a connection proved stable. */
  clear(): void {
    this.#isOn = false;
    this.#breaks = 0;
    this.#broken.clear();
  }

  /** A careful connection ended over this message. @returns whether to give it up */
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

  /** Whether a similar message has been given up. */
  isBanned({ topic, payload }: Sent, nowMs: number): boolean {
    const ban = this.#bans.get(topic);
    if (ban !== undefined && nowMs >= ban.untilMs) this.#bans.delete(topic);
    return ban !== undefined && nowMs < ban.untilMs && payload.length >= ban.bytes;
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
