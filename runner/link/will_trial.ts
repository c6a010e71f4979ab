/**
 * Finds the last will that a broker takes. One that cannot keep it (retained, QoS 1) closes the connection without an
 * answer, which many a broker does that is only starting up, or behind something that is there before it. Pure.
 */
import { lesserWays, type Way } from "./caution.ts";

/** How the will is sent; `none`: there is no will at all. */
export type WillWay = Way | "none";

/** As it should be. */
export const FULL_WILL: Way = { retain: true, qos: 1 };
const WAYS: readonly WillWay[] = [FULL_WILL, ...lesserWays(FULL_WILL), "none"];

/** Invariant: less than all is settled for only when all was tried once more and not taken. */
export class WillTrial {
  #next = 0;
  /** It was taken, and all is tried once more. */
  #candidate: number | undefined;
  #settled: number | undefined;

  /** For the next attempt to connect. */
  get way(): WillWay {
    return WAYS[this.#settled ?? (this.#candidate === undefined ? this.#next : 0)] ?? FULL_WILL;
  }

  /** What less than all was settled for. */
  get settled(): WillWay | undefined {
    return this.#settled === undefined ? undefined : WAYS[this.#settled];
  }

  /** The connection was closed without an answer. @returns whether the next attempt is another one */
  refused(): boolean {
    if (this.#settled !== undefined) return false;
    if (this.#candidate !== undefined) this.#settled = this.#candidate;
    else this.#next = (this.#next + 1) % WAYS.length;
    return this.#settled !== undefined || this.#next !== 0;
  }

  /** It was taken. @returns whether to connect anew, with all, before it is settled for */
  accepted(): boolean {
    if (this.#settled !== undefined) return false;
    const isFull = this.#candidate !== undefined || this.#next === 0;
    this.#candidate = isFull ? undefined : this.#next;
    this.#next = 0;
    return !isFull;
  }
}
