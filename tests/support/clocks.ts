/** Processes whose wall clock is wrong. */
import { fileURLToPath } from "node:url";

const PRELOADED = fileURLToPath(new URL("./wrong_clock.ts", import.meta.url));

/** Flags of Deno's, and an environment, for a process whose clock is wrong by so much. */
export function wrongClock(byMs: number): {
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
} {
  return { flags: ["--preload", PRELOADED], env: { CLOCK_IS_WRONG_BY_MS: String(byMs) } };
}
