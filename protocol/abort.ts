/** Waiting with a signal that may end the wait. */
import { delay } from "@std/async/delay";

/** Resolves once the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

/** Waits for `promise`, or rejects with the reason of `signal` once that is aborted. */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise: over, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, over]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** Resolves after `ms` milliseconds, or once the signal is aborted. */
export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  // The only rejection is that of the signal.
  await delay(ms, signal === undefined ? {} : { signal }).catch(() => {});
}
