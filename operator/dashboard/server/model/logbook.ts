/** The log lines of the last hour. Lines that arrive too fast are counted but not kept, so that no agent crowds out the others. Pure. */
import type { Drops, Level, LogFilter, LogLine } from "../../wire.ts";
import { LEVELS } from "../../wire.ts";
import { TokenBucket } from "../../../../protocol/token_bucket.ts";
import { RateMeter } from "./rate.ts";
import { Ring } from "./ring.ts";

/** Maximum lines kept. */
export const LOG_LIMITS = { count: 20_000, size: 8 * 1024 * 1024, age: 3600 } as const;
/** Lines kept per second from one agent, and from all. */
const PER_AGENT = { perSecond: 20, burst: 200 } as const;
const OF_ALL = { perSecond: 500, burst: 2000 } as const;
/** More agents than a fleet has, but few enough that a flood of made-up ids does not fill the memory. */
const MAX_BUCKETS = 10_000;

export class LogBook {
  readonly #ring = new Ring<LogLine>(LOG_LIMITS, ({ message }) => message.length + 100);
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #ofAll = new TokenBucket(OF_ALL.perSecond, 0, OF_ALL.burst);
  readonly #rate = new RateMeter();
  #seen = 0;
  #notKept = 0;

  /** @returns the line with its number, kept or not */
  add(line: Omit<LogLine, "seq">, now: number): LogLine {
    this.#seen += 1;
    this.#rate.add(now);
    const nowMs = now * 1000;
    const mayKeep = this.#bucket(line.actor_id ?? line.node ?? "").tryTake(nowMs) &&
      this.#ofAll.tryTake(nowMs);
    if (mayKeep) return this.#ring.add((seq) => ({ seq, ...line }), now);
    this.#notKept += 1;
    return { seq: this.#ring.skip(), ...line };
  }

  /** The newest matching lines, oldest first. */
  find(filter: LogFilter, limit: number, before?: number): LogLine[] {
    return this.#ring.latest(limit, before, matcher(filter));
  }

  drops(now: number): Drops {
    return {
      log_lines: this.#seen,
      log_lines_not_kept: this.#notKept + this.#ring.evicted,
      log_rate: this.#rate.perSecond(now),
    };
  }

  #bucket(source: string): TokenBucket {
    const known = this.#buckets.get(source);
    if (known !== undefined) return known;
    const bucket = new TokenBucket(PER_AGENT.perSecond, 0, PER_AGENT.burst);
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size >= MAX_BUCKETS && oldest !== undefined) this.#buckets.delete(oldest);
    this.#buckets.set(source, bucket);
    return bucket;
  }
}

/** Whether a line passes `filter`. */
export function matcher({ agent, node, level, text }: LogFilter): (line: LogLine) => boolean {
  const part = text?.toLowerCase();
  const lowest = level === undefined ? 0 : LEVELS.indexOf(level);
  return (line) =>
    (agent === undefined || line.agent === agent || line.actor_id === agent) &&
    (node === undefined || line.node === node) &&
    (lowest <= 0 || LEVELS.indexOf(line.level) >= lowest) &&
    (part === undefined || line.message.toLowerCase().includes(part));
}

/** Parses a level in any common spelling. */
export function levelOf(value: unknown, fallback: Level = "info"): Level {
  const text = typeof value === "string" ? value.toLowerCase() : "";
  if (text === "warn") return "warning";
  if (text === "critical" || text === "fatal") return "error";
  return LEVELS.find((level) => level === text) ?? fallback;
}
