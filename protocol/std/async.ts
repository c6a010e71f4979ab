/** What the project uses of `jsr:@std/async`, from what Deno has built in. Swap in `deno.json`. */
import { setTimeout as sleep } from "node:timers/promises";

/** Resolves after `ms` milliseconds; rejects with an `AbortError` when `signal` is aborted first. */
export async function delay(ms: number, options: { signal?: AbortSignal } = {}): Promise<void> {
  await sleep(ms, undefined, options);
}
