/** The audit log: what was asked of this node, by whom, and what it did, as JSON lines on disk. */
import { removeIfThere } from "../files/durable_file.ts";

/** One line; `at` (seconds since the epoch) and `node` are added. */
export interface AuditEntry {
  readonly event:
    | "command"
    | "refused"
    | "launched"
    | "denied"
    | "killed"
    | "exited"
    | "error"
    | "ended"
    | "upgrade";
  readonly [field: string]: unknown;
}

/** Records an entry. Never throws, never waits. */
export interface Audit extends AsyncDisposable {
  record(entry: AuditEntry): void;
}

export interface AuditOptions {
  readonly path: string;
  readonly node: string;
  readonly now: () => number;
  /** Called when nothing can be written: once, until writing works again. */
  readonly onProblem: (message: string) => void;
  /** Maximum bytes of one file before the next is started. */
  readonly maxBytes?: number;
  /** Rotated files kept beside the current one. */
  readonly keep?: number;
}

const MAX_BYTES = 4 * 1024 * 1024;
const KEEP = 4;
/** How many lines may wait for the disk; further ones are only counted, and the count is written. */
const MAX_WAITING = 2000;
const MAX_FIELD_CHARS = 2000;

/** Invariants: lines are written whole and in order; files and memory are bounded; the node never waits for it. */
export class AuditLog implements Audit {
  #waiting: string[] = [];
  #missed = 0;
  #failed = false;
  #writing: Promise<void> | undefined;

  constructor(private readonly options: AuditOptions) {}

  record(entry: AuditEntry): void {
    const { node, now } = this.options;
    if (this.#waiting.length >= MAX_WAITING) {
      this.#missed += 1;
      return;
    }
    this.#waiting.push(`${JSON.stringify({ at: now(), node, ...entry }, shorten)}\n`);
    this.#writing ??= this.#writeAll().finally(() => this.#writing = undefined);
  }

  /** Resolves when all recorded lines have been written or have failed. */
  async [Symbol.asyncDispose](): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  async #writeAll(): Promise<void> {
    // Entries from one turn of the event loop share one write.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const lines = this.#waiting.splice(0);
      const missed = this.#missed;
      try {
        await this.#append((missed > 0 ? this.#missedLine(missed) : "") + lines.join(""));
        this.#missed -= missed;
        this.#failed = false;
      } catch (error) {
        this.#missed += lines.length;
        if (!this.#failed) {
          const reason = (error as Error).message;
          this.options.onProblem(`Cannot write the audit log ${this.options.path}: ${reason}`);
        }
        this.#failed = true;
      }
    }
  }

  #missedLine(lines: number): string {
    const { node, now } = this.options;
    return `${JSON.stringify({ at: now(), node, event: "missed", lines })}\n`;
  }

  async #append(text: string): Promise<void> {
    const { path, maxBytes = MAX_BYTES } = this.options;
    const bytes = new TextEncoder().encode(text);
    const size = await sizeOf(path);
    if (size > 0 && size + bytes.length > maxBytes) await this.#rotate();
    using file = await Deno.open(path, { append: true, create: true, mode: 0o600 });
    for (let offset = 0; offset < bytes.length;) offset += await file.write(bytes.subarray(offset));
  }

  /** `audit.jsonl` becomes `audit.1.jsonl`, and so on; the oldest is deleted. */
  async #rotate(): Promise<void> {
    const { path, keep = KEEP } = this.options;
    const nth = (n: number) => n === 0 ? path : path.replace(/(\.[^./]*)?$/, `.${n}$1`);
    await removeIfThere(nth(keep));
    for (let n = keep - 1; n >= 0; n -= 1) {
      try {
        await Deno.rename(nth(n), nth(n + 1));
      } catch (error) {
        // That file does not exist yet.
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await Deno.lstat(path)).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

function shorten(_key: string, value: unknown): unknown {
  return typeof value === "string" && value.length > MAX_FIELD_CHARS
    ? `${value.slice(0, MAX_FIELD_CHARS - 1)}…`
    : value;
}
