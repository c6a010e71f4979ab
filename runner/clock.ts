/** Time as the runner sees it. Only the implementation here touches the platform's timers. */
import { delay } from "@std/async/delay";
import { Beats } from "./beats.ts";

export interface Clock {
  /** Seconds since the epoch, for messages on the wire. May jump. */
  epochSeconds(): number;
  /** Milliseconds on a scale that never jumps, for delays and measurements. */
  monotonicMs(): number;
  /** Resolves `true` after `ms` milliseconds, or `false` as soon as `signal` is aborted. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<boolean>;
  /**
   * Like `sleep`, for regular work whose exact time does not matter: ends up to an eighth of a second early or late,
   * together with other rests, so that an idle node seldom wakes up.
   */
  rest(ms: number, signal?: AbortSignal): Promise<boolean>;
}

/** The longest delay a timer of the platform takes, in milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1;

const beats = new Beats();

export const systemClock: Clock = {
  epochSeconds: () => Date.now() / 1000,
  monotonicMs: () => performance.now(),
  rest: (ms, signal) => beats.rest(ms, signal),
  async sleep(ms, signal) {
    try {
      for (let left = ms; left > 0; left -= MAX_TIMER_MS) {
        await delay(Math.min(left, MAX_TIMER_MS), signal === undefined ? {} : { signal });
      }
      return signal?.aborted !== true;
    } catch {
      // Aborted: the only way this sleep fails.
      return false;
    }
  },
};
