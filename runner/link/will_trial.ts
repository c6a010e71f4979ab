/**
 * Finds a last will that the broker accepts. A broker that does not support it (retained, QoS 1) closes the connection
 * without an answer; so do many brokers that are still starting up, or that sit behind a proxy that is up first. Pure.
 */
import { lesserWays, type Way } from "./caution.ts";

/** How the will is sent; `none`: without a will. */
export type WillWay = Way | "none";

/** The full will. */
export const FULL_WILL: Way = { retain: true, qos: 1 };
const WAYS: readonly WillWay[] = [FULL_WILL, ...lesserWays(FULL_WILL), "none"];

/** Invariant: settles for a reduced will only after the full one was tried once more and refused. */
export class WillTrial {
  #next = 0;
  /** A reduced will was accepted, and the full one is being tried once more. */
  #candidate: number | undefined;
  #settled: number | undefined;

  /** The will for the next attempt to connect. */
  get way(): WillWay {
    return WAYS[this.#settled ?? (this.#candidate === undefined ? this.#next : 0)] ?? FULL_WILL;
  }

  /** The reduced will that was settled for. */
  get settled(): WillWay | undefined {
    return this.#settled === undefined ? undefined : WAYS[this.#settled];
  }

  /** The connection was closed without an answer. @returns whether the next attempt uses a different will */
  refused(): boolean {
    if (this.#settled !== undefined) return false;
    if (this.#candidate !== undefined) this.#settled = this.#candidate;
    else this.#next = (this.#next + 1) % WAYS.length;
    return this.#settled !== undefined || this.#next !== 0;
  }

  /** The will was accepted. @returns whether to reconnect with the full will before settling */
  accepted(): boolean {
    if (this.#settled !== undefined) return false;
    const isFull = this.#candidate !== undefined || this.#next === 0;
    this.#candidate = isFull ? undefined : this.#next;
    this.#next = 0;
    return !isFull;
  }
}
