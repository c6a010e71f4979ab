/** Waiting with a bound, for what no event tells. */
import { settled } from "./fake_clock.ts";

/**
 * Looks again and again until `isSo`.
 * @param what what is waited for, for the error
 * @throws Error when it is not so within `patienceMs`
 */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  patienceMs = 30_000,
): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!await isSo()) {
    if (performance.now() > deadline) throw new Error(`Not within ${patienceMs / 1000} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The same on a fake clock, where turns of the event loop and real files alone take time. */
export async function untilSettled(what: string, isSo: () => boolean, patienceMs = 30_000): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`Not within ${patienceMs / 1000} s: ${what}`);
    await settled();
  }
}
