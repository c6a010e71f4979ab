/** Gives memory back that a stretch of hard work has left: V8 by itself keeps what it has until there is need. */
import type { Clock } from "./clock.ts";

export interface TidyParts {
  readonly clock: Clock;
  /** Resident memory of this process, in MiB. */
  readonly measureMb: () => number;
  /** Makes V8 let go of what nobody holds any more; costs some ten milliseconds. */
  readonly collect: () => Promise<void>;
}

const INTERVAL_MS = 10_000;
/** Less is not worth the pause. */
const GROWTH_MB = 24;
/** Looks between two collections of which the first has not brought memory back to where it was, at most. */
const MAX_PATIENCE = 64;

/**
 * Invariant: a heap that is large because it is in use costs less and less: each collection that brings little back
 * doubles the time until the next, unless memory grows further.
 */
export class Tidy {
  #restMb = Infinity;
  #afterMb = Infinity;
  /** Looks to pass over before the next collection. */
  #passing = 0;
  #patience = 1;

  constructor(private readonly parts: TidyParts) {}

  /** Goes on until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, measureMb, collect } = this.parts;
    this.#restMb = measureMb();
    while (await clock.sleep(INTERVAL_MS, signal)) {
      if (!this.#isDue(measureMb())) continue;
      await collect();
      this.#afterMb = measureMb();
    }
  }

  #isDue(usedMb: number): boolean {
    this.#restMb = Math.min(this.#restMb, usedMb);
    if (usedMb <= this.#restMb + GROWTH_MB) {
      this.#passing = 0;
      this.#patience = 1;
      return false;
    }
    const grownAgain = usedMb > this.#afterMb + GROWTH_MB;
    if (this.#passing-- > 0 && !grownAgain) return false;
    this.#passing = this.#patience;
    this.#patience = Math.min(this.#patience * 2, MAX_PATIENCE);
    return true;
  }
}

/** Resident memory of this process, in MiB. */
export function residentMb(): number {
  return Deno.memoryUsage().rss / 1024 ** 2;
}

/** A collector that loads what it needs when it is used for the first time. */
export function garbageCollector(): () => Promise<void> {
  let collect: (() => void) | undefined;
  return async () => {
    collect ??= await exposeCollector();
    collect();
  };
}

async function exposeCollector(): Promise<() => void> {
  const [{ setFlagsFromString }, { runInNewContext }] = await Promise.all([
    import("node:v8"),
    import("node:vm"),
  ]);
  // Only contexts made from now on have it: agents' code never runs in this process, but what has no use for it need not see it.
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  setFlagsFromString("--no-expose-gc");
  return typeof collect === "function" ? () => void collect() : () => {};
}
