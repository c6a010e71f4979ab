/** The subset of `jsr:@std/async/delay` that the project uses, from Deno's built-ins. */
import { setTimeout as sleep } from "node:timers/promises";

/** Resolves after `ms` milliseconds; rejects with the signal's reason when it is aborted first. */
export async function delay(ms: number, options: { signal?: AbortSignal } = {}): Promise<void> {
  try {
    await sleep(ms, undefined, options);
  } catch (error) {
    throw options.signal?.aborted ? options.signal.reason : error;
  }
}
