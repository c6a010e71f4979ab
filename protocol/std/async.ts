/** What the project uses of `jsr:@std/async/delay`, from what Deno has built in. */
import { setTimeout as sleep } from "node:timers/promises";

/** Resolves after `ms` milliseconds; rejects with the signal's reason when it is aborted first. */
export async function delay(ms: number, options: { signal?: AbortSignal } = {}): Promise<void> {
  try {
    await sleep(ms, undefined, options);
  } catch (error) {
    throw options.signal?.aborted ? options.signal.reason : error;
  }
}
