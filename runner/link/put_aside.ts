/**
 * Messages that the broker closes the connection over, and what is like them: they are not sent for a while, because every
 * attempt would cost everybody the connection. Pure.
 */

/** A message, as far as it decides this. */
export interface Judged {
  readonly topic: string;
  readonly payload: { readonly length: number };
  /** Which agent sends it. */
  readonly source?: string;
}

/** When to try again what was put aside: the broker's rules may have changed by then. */
const BAN_MS = 10 * 60_000;
const MAX_TOPICS = 1000;
/** How long the new topics of a source are put aside after its second such message; doubled with each further one. */
const FIRST_HOLD_MS = 20_000;
/** A message counts as like one that has passed if it is not larger than this many times that one. */
const LIKE_FACTOR = 2;

interface Offender {
  readonly offences: number;
  readonly heldUntilMs: number;
  readonly forgetAtMs: number;
}

/**
 * Invariants: a topic is put aside only from the size on that has broken connections; a source whose messages break them again
 * and again may send what is like its earlier messages, and no other source is affected.
 */
export class PutAside {
  /** By topic: the size from which messages are not sent, and until when. */
  readonly #bans = new Map<string, { readonly bytes: number; readonly untilMs: number }>();
  readonly #offenders = new Map<string, Offender>();
  /** By topic: the largest message that has passed since somebody became an offender. */
  readonly #passed = new Map<string, number>();

  get isEmpty(): boolean {
    return this.#bans.size === 0 && this.#offenders.size === 0;
  }

  /** A message has broken connections. */
  add({ topic, payload, source }: Judged, nowMs: number): void {
    const untilMs = nowMs + BAN_MS;
    this.#bans.delete(topic);
    this.#bans.set(topic, { bytes: payload.length, untilMs });
    dropOldest(this.#bans);
    if (source === undefined) return;
    const offences = (this.#offenders.get(source)?.offences ?? 0) + 1;
    const holdMs = offences < 2 ? 0 : Math.min(FIRST_HOLD_MS * 2 ** (offences - 2), BAN_MS);
    this.#offenders.set(source, { offences, heldUntilMs: nowMs + holdMs, forgetAtMs: untilMs });
    dropOldest(this.#offenders);
  }

  /** Whether a message must not be sent now. */
  has(message: Judged, nowMs: number): boolean {
    return this.#isBanned(message, nowMs) || this.#isHeld(message, nowMs);
  }

  /** A message was delivered. */
  passed({ topic, payload }: Judged): void {
    if (this.#offenders.size === 0) return;
    this.#passed.set(topic, Math.max(this.#passed.get(topic) ?? 0, payload.length));
    dropOldest(this.#passed);
  }

  /** The size from which messages on a topic are put aside. */
  limitOf(topic: string, nowMs: number): number | undefined {
    const ban = this.#bans.get(topic);
    if (ban === undefined || nowMs < ban.untilMs) return ban?.bytes;
    this.#bans.delete(topic);
    return undefined;
  }

  #isBanned({ topic, payload }: Judged, nowMs: number): boolean {
    return payload.length >= (this.limitOf(topic, nowMs) ?? Infinity);
  }

  #isHeld({ topic, payload, source }: Judged, nowMs: number): boolean {
    const offender = source === undefined ? undefined : this.#offenders.get(source);
    if (source === undefined || offender === undefined) return false;
    if (nowMs >= offender.forgetAtMs) {
      this.#offenders.delete(source);
      if (this.#offenders.size === 0) this.#passed.clear();
    }
    if (nowMs >= offender.heldUntilMs) return false;
    const passed = this.#passed.get(topic);
    return passed === undefined || payload.length > passed * LIKE_FACTOR;
  }
}

function dropOldest(map: Map<string, unknown>): void {
  for (const oldest of map.keys()) if (map.size > MAX_TOPICS) map.delete(oldest);
}
