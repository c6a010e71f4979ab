/** Returns memory to the system after a busy period: V8 itself keeps it for later use. */
import type { Clock } from "./clock.ts";

export interface MemoryTrimParts {
  readonly clock: Clock;
  /** Resident memory of this process, in MiB. */
  readonly measureMb: () => number;
  /** Runs V8's garbage collector; pauses this process for some ten milliseconds, longer after a flood. */
  readonly collect: () => Promise<void>;
}

const INTERVAL_MS = 10_000;
/** Reclaiming less is not worth the pause. */
const GROWTH_MB = 16;
/** Collections that reclaim little make the next ones rarer: at most this many checks apart. */
const MAX_PATIENCE = 6;

/**
 * Invariant: a heap that is large because it is in use costs less and less: each collection that brings little back
 * doubles the time until the next, unless memory grows further.
 */
export class MemoryTrim {
  #restMb = Infinity;
  #afterMb = Infinity;
  /** How many checks to skip before the next collection. */
  #passing = 0;
  #patience = 1;

  constructor(private readonly parts: MemoryTrimParts) {}

  /** Runs until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, measureMb, collect } = this.parts;
    this.#restMb = measureMb();
    while (await clock.rest(INTERVAL_MS, signal)) {
      const beforeMb = measureMb();
      if (!this.#isDue(beforeMb)) continue;
      await collect();
      this.#afterMb = measureMb();
      this.#passOver(beforeMb - this.#afterMb);
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
    return this.#passing-- <= 0 || grownAgain;
  }

  #passOver(broughtMb: number): void {
    this.#patience = broughtMb >= GROWTH_MB ? 1 : Math.min(this.#patience * 2, MAX_PATIENCE);
    this.#passing = this.#patience - 1;
  }
}

/** Resident memory of this process, in MiB. */
export function residentMb(): number {
  return Deno.memoryUsage().rss / 1024 ** 2;
}

/** Collects garbage in V8, then trims the C library's heap. Loads what it needs on first use. */
export function garbageCollector(): () => Promise<void> {
  let collect: (() => void) | undefined;
  return async () => {
    collect ??= await exposeCollector();
    collect();
    trimHeap();
  };
}

async function exposeCollector(): Promise<() => void> {
  const [{ setFlagsFromString }, { runInNewContext }] = await Promise.all([
    import("node:v8"),
    import("node:vm"),
  ]);
  // Only contexts created while the flag is set get `gc`: no other code needs it.
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  setFlagsFromString("--no-expose-gc");
  return typeof collect === "function" ? () => void collect() : () => {};
}

/** glibc keeps freed memory for reuse: tens of megabytes after large messages from several threads. */
function trimHeap(): void {
  try {
    const libc = Deno.dlopen("libc.so.6", { malloc_trim: { parameters: ["usize"], result: "i32" } });
    libc.symbols.malloc_trim(0n);
    libc.close();
  } catch {
    // Another C library, or no permission to call it: only V8's memory is returned.
  }
}
