/** What goes on between two connections that stand: how long to wait for the next one, and what to say of it. Pure. */
import { reconnectDelayMs } from "./backoff.ts";

/** A connection counts as good once it has stood so long: a broker may let a client in and close at once. */
export const STANDS_MS = 10_000;
/** A failure that goes on is said again after so long. */
const REMIND_MS = 30_000;

/** How an attempt to connect has ended. */
export interface Ending {
  /** Whether the broker had let this client in. */
  readonly accepted: boolean;
  /** For the operator. */
  readonly reason: string;
  /** Whether it is too early to say so: the next attempt is another one. */
  readonly isUnproved: boolean;
}

/** Invariant: nothing but a connection that stands starts the delays anew. */
export class Outage {
  #failures = 0;
  #awaySinceMs = 0;
  #said = "";
  #saidAtMs = -Infinity;
  /** Whether the connection of now has stood. */
  #stands = false;
  /** Whether the last attempt led to a connection that did not stand. */
  #brokeEarly = false;

  constructor(private readonly clientId: string) {}

  /** The broker has let this client in. @returns whether that is to be said now */
  connected(): boolean {
    const isNews = this.#failures > 0 && !this.#brokeEarly;
    if (isNews) this.#said = "";
    return isNews;
  }

  /** The connection has stood. @returns whether that is to be said now */
  stands(): boolean {
    const isNews = this.#brokeEarly;
    this.#stands = true;
    this.#brokeEarly = false;
    this.#failures = 0;
    this.#said = "";
    return isNews;
  }

  /**
   * @param random from 0 to 1
   * @returns milliseconds to wait, and what is to be said, if anything
   */
  ended(
    { accepted, reason, isUnproved }: Ending,
    nowMs: number,
    random: number,
  ): { readonly delayMs: number; readonly say: string | undefined } {
    this.#brokeEarly = accepted && !this.#stands;
    this.#stands = false;
    if (this.#failures === 0) this.#awaySinceMs = nowMs;
    this.#failures += 1;
    // A broker that is there and does not want this client is not found sooner by asking often.
    const outageMs = this.#brokeEarly ? Infinity : nowMs - this.#awaySinceMs;
    const delayMs = reconnectDelayMs(this.#failures, outageMs, random);
    return { delayMs, say: isUnproved ? undefined : this.#news(reason, nowMs) };
  }

  #news(reason: string, nowMs: number): string | undefined {
    const words = this.#brokeEarly
      ? `${reason}, soon after it had let this client in (does another one use the client id '${this.clientId}', or ` +
        "does the broker forbid something that this one does?)"
      : reason;
    if (words === this.#said && nowMs - this.#saidAtMs < REMIND_MS) return undefined;
    this.#said = words;
    this.#saidAtMs = nowMs;
    return words;
  }
}
