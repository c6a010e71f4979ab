/** How fast an agent may talk: what comes faster stays in its pipe, until the agent itself has to wait. */
import type { Clock } from "../clock.ts";

/** Rates; so much more may come at once as a second gives. */
export interface PaceLimits {
  readonly messagesPerSecond: number;
  readonly bytesPerSecond: number;
}

/** A bucket that fills at a rate, and may be overdrawn: the debt is waited for. */
export class TokenBucket {
  #tokens: number;
  #atMs: number;

  constructor(private readonly perSecond: number, nowMs: number) {
    this.#tokens = perSecond;
    this.#atMs = nowMs;
  }

  /** @returns milliseconds until what was taken is there */
  take(count: number, nowMs: number): number {
    const filled = this.#tokens + (nowMs - this.#atMs) / 1000 * this.perSecond;
    this.#tokens = Math.min(filled, this.perSecond) - count;
    this.#atMs = nowMs;
    return this.#tokens >= 0 ? 0 : -this.#tokens / this.perSecond * 1000;
  }

  /** Whether nothing has been taken that has not come back. */
  isFull(nowMs: number): boolean {
    return this.#tokens + (nowMs - this.#atMs) / 1000 * this.perSecond >= this.perSecond;
  }
}

/** An agent that is held back is said to be so often at most. */
const REMIND_MS = 60_000;

/** Holds one process to its rates. */
export class Pace {
  readonly #messages: TokenBucket;
  readonly #bytes: TokenBucket;
  #saidAtMs = -Infinity;
  /** Since neither bucket has been full. */
  #busy = { sinceMs: 0, messages: 0, bytes: 0 };

  /** @param onHeld told, in words, which limit it was and what was measured */
  constructor(
    private readonly limits: PaceLimits,
    private readonly clock: Clock,
    private readonly onHeld: (message: string) => void,
  ) {
    const nowMs = clock.monotonicMs();
    this.#messages = new TokenBucket(limits.messagesPerSecond, nowMs);
    this.#bytes = new TokenBucket(limits.bytesPerSecond, nowMs);
  }

  /**
   * So much has come from it.
   * @returns milliseconds before more may be read
   */
  spend(messages: number, bytes: number): number {
    const nowMs = this.clock.monotonicMs();
    if (this.#messages.isFull(nowMs) && this.#bytes.isFull(nowMs)) {
      this.#busy = { sinceMs: nowMs, messages: 0, bytes: 0 };
    }
    this.#busy.messages += messages;
    this.#busy.bytes += bytes;
    const messagesMs = this.#messages.take(messages, nowMs);
    const bytesMs = this.#bytes.take(bytes, nowMs);
    const waitMs = Math.max(messagesMs, bytesMs);
    if (waitMs > 0) this.#say(messagesMs >= bytesMs, nowMs);
    return waitMs;
  }

  #say(isMessages: boolean, nowMs: number): void {
    if (nowMs - this.#saidAtMs < REMIND_MS) return;
    this.#saidAtMs = nowMs;
    const { sinceMs, messages, bytes } = this.#busy;
    const span = `in ${((nowMs - sinceMs) / 1000).toFixed(1)} s`;
    const kb = (count: number) => (count / 1024).toFixed(0);
    this.onHeld(
      isMessages
        ? `message rate limit: ${messages} messages ${span}, ${this.limits.messagesPerSecond} a second allowed: held back`
        : `output rate limit: ${kb(bytes)} KB ${span}, ${
          kb(this.limits.bytesPerSecond)
        } KB a second allowed: held back`,
    );
  }
}
