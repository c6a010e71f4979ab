/**
 * The log lines of the last hour. Lines above the rate limits are counted but dropped, so that no agent displaces the
 * others; errors are stored separately, so that no flood of other lines displaces them. Pure.
 */
import type { Drops, Level, LogFilter, LogLine } from "../../wire.ts";
import { errorsFirst, LEVELS } from "../../wire.ts";
import { TokenBucket } from "../../../../protocol/token_bucket.ts";
import { RateMeter } from "./rate.ts";
import { Ring, type RingLimits } from "./ring.ts";

/** Maximum lines kept, apart from errors. */
export const LOG_LIMITS = { count: 20_000, size: 8 * 1024 * 1024, age: 3600 } as const;
/** Maximum errors kept. */
export const ERROR_LINE_LIMITS = { count: 5000, size: 2 * 1024 * 1024, age: 3600 } as const;
/** Lines kept per second from one agent, and from all. */
const PER_AGENT = { perSecond: 20, burst: 200 } as const;
const OF_ALL = { perSecond: 500, burst: 2000 } as const;
/** More agents than a fleet has, but few enough that a flood of made-up ids does not fill the memory. */
const MAX_BUCKETS = 10_000;

export class LogBook {
  readonly #lines = new Shelf(LOG_LIMITS);
  readonly #errors = new Shelf(ERROR_LINE_LIMITS);
  readonly #rate = new RateMeter();
  #nextSeq = 1;
  #seen = 0;

  /** @returns the line with its number, kept or not */
  add(line: Omit<LogLine, "seq">, now: number): LogLine {
    this.#seen += 1;
    this.#rate.add(now);
    const numbered = { seq: this.#nextSeq++, ...line };
    (line.level === "error" ? this.#errors : this.#lines).add(numbered, now);
    return numbered;
  }

  /** The newest matching lines, oldest first. If there are too many, errors are preferred; see `errorsFirst`. */
  find(filter: LogFilter, limit: number, before?: number): readonly LogLine[] {
    const fits = matcher(filter);
    const errors = this.#errors.latest(limit, before, fits);
    const lines = this.#lines.latest(limit, before, fits);
    return errorsFirst([...errors, ...lines].sort((a, b) => a.seq - b.seq), limit);
  }

  drops(now: number): Drops {
    return {
      log_lines: this.#seen,
      log_lines_not_kept: this.#lines.lost + this.#errors.lost,
      log_rate: this.#rate.perSecond(now),
    };
  }
}

/** Lines of one kind, limited in number and in rate, per agent and in total. */
class Shelf {
  readonly #ring: Ring<LogLine>;
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #ofAll = new TokenBucket(OF_ALL.perSecond, 0, OF_ALL.burst);
  #notKept = 0;

  constructor(limits: RingLimits) {
    this.#ring = new Ring<LogLine>(limits, ({ message }) => message.length + 100);
  }

  /** The number of lines that were dropped. */
  get lost(): number {
    return this.#notKept + this.#ring.evicted;
  }

  add(line: LogLine, now: number): void {
    const nowMs = now * 1000;
    const mayKeep = this.#bucket(line.actor_id ?? line.node ?? "").tryTake(nowMs) &&
      this.#ofAll.tryTake(nowMs);
    if (mayKeep) this.#ring.add(() => line, now);
    else this.#notKept += 1;
  }

  latest(limit: number, before: number | undefined, fits: (line: LogLine) => boolean): LogLine[] {
    return this.#ring.latest(limit, before, fits);
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
