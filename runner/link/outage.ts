/** Handles the time between two stable connections: how long to wait before the next, and what to report. Pure. */
import { reconnectDelayMs } from "./backoff.ts";

/** How long a connection must last to count as stable: a broker may accept a client and close at once. */
export const STANDS_MS = 10_000;
/** A lasting failure is reported again after this time. */
const REMIND_MS = 30_000;

/** How an attempt to connect ended. */
export interface Ending {
  /** Whether the broker accepted this client. */
  readonly accepted: boolean;
  /** For the operator. */
  readonly reason: string;
  /** Whether to stay quiet for now: the next attempt does something different. */
  readonly isUnproved: boolean;
}

/** Invariant: only a stable connection resets the delays. */
export class Outage {
  #failures = 0;
  #awaySinceMs = 0;
  #said = "";
  #saidAtMs = -Infinity;
  /** Whether the current connection is stable. */
  #stands = false;
  /** Whether the last attempt led to a connection that did not last. */
  #brokeEarly = false;

  constructor(private readonly clientId: string) {}

  /** The broker accepted this client. @returns whether to report it now */
  connected(): boolean {
    const isNews = this.#failures > 0 && !this.#brokeEarly;
    if (isNews) this.#said = "";
    return isNews;
  }

  /** The connection is stable. @returns whether to report it now */
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
   * @returns milliseconds to wait, and the message to report, if any
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
    // Frequent retries do not help when the broker is up but refuses this client.
    const outageMs = this.#brokeEarly ? Infinity : nowMs - this.#awaySinceMs;
    const delayMs = reconnectDelayMs(this.#failures, outageMs, random);
    return { delayMs, say: isUnproved ? undefined : this.#news(reason, nowMs) };
  }

  #news(reason: string, nowMs: number): string | undefined {
    const words = this.#brokeEarly
      ? `${reason}, soon after it accepted this client (does another client use the client id '${this.clientId}', or ` +
        "does the broker forbid something this client does?)"
      : reason;
    if (words === this.#said && nowMs - this.#saidAtMs < REMIND_MS) return undefined;
    this.#said = words;
    this.#saidAtMs = nowMs;
    return words;
  }
}
