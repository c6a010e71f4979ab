/** Collects changes of the embedded broker's store and writes them to disk in batches. */
import type { Clock } from "../clock.ts";
import type { Change } from "./message_file.ts";

/** The parts of the file that the journal needs. */
export interface ChangeFile {
  write(changes: readonly Change[]): void;
  replace(changes: readonly Change[]): void;
}

export interface JournalParts {
  readonly file: ChangeFile;
  readonly clock: Clock;
  /** The complete content for the file, from memory. */
  readonly snapshot: () => Promise<readonly Change[]>;
  /** Tells the operator that the disk refuses writes, or accepts them again. */
  readonly say: (message: string) => void;
}

/** How long changes may wait if nobody awaits them. */
const IDLE_MS = 100;
/** Changes of one turn of the event loop share a write. */
const TURN_MS = 1;
/** When to try again after the disk has refused a write. */
const RETRY_MS = 5000;

/**
 * Invariants: changes are written in the order they were made. While the disk refuses writes, nobody waits for it: the
 * operator is told, and once the disk accepts writes again, the whole content is written from memory.
 */
export class Journal implements AsyncDisposable {
  #pending: Change[] = [];
  /** Resolves once `#pending` has been written; set while somebody waits for it. */
  #waiting: PromiseWithResolvers<void> | undefined;
  #isUrgent = false;
  #isFailing = false;
  #lastWriteMs = 0;
  #gate: Promise<void> | undefined;
  #wake = new AbortController();
  readonly #closing = new AbortController();
  readonly #ended: Promise<void>;

  constructor(private readonly parts: JournalParts) {
    this.#ended = this.#run();
  }

  /** Set while the whole content is written from memory: no change may happen until it resolves. */
  get gate(): Promise<void> | undefined {
    return this.#gate;
  }

  /** @param urgent whether an acknowledgement will wait for it */
  add(change: Change, urgent: boolean): void {
    // Later written from memory, with everything else.
    if (this.#isFailing) return;
    this.#pending.push(change);
    this.#isUrgent ||= urgent;
    if (this.#pending.length === 1 || urgent) this.#wake.abort();
  }

  /** Resolves when every urgent change so far is on disk, or at once while the disk refuses writes. */
  committed(): Promise<void> {
    if (!this.#isUrgent || this.#isFailing) return Promise.resolve();
    this.#waiting ??= Promise.withResolvers();
    return this.#waiting.promise;
  }

  /** Writes what is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#wake.abort();
    await this.#ended;
    if (this.#isFailing) await this.#rewrite();
    else this.#write();
  }

  async #run(): Promise<void> {
    const { clock } = this.parts;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      if (this.#isFailing) {
        if (await clock.sleep(RETRY_MS, signal)) await this.#rewrite();
        continue;
      }
      if (this.#pending.length === 0) await aborted(this.#wake.signal);
      if (signal.aborted) return;
      this.#wake = new AbortController();
      if (!this.#isUrgent) {
        await clock.sleep(IDLE_MS, this.#wake.signal);
        this.#wake = new AbortController();
      }
      // A write blocks this process: wait as long as the last one took, so that at most half of the time goes to
      // writing.
      await clock.sleep(Math.max(this.#lastWriteMs, TURN_MS), signal);
      this.#write();
    }
  }

  #write(): void {
    const changes = this.#pending.splice(0);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#isUrgent = false;
    const startedMs = this.parts.clock.monotonicMs();
    try {
      if (changes.length > 0) this.parts.file.write(changes);
    } catch (error) {
      this.#isFailing = true;
      this.parts.say(
        `The embedded broker cannot write to disk: ${
          (error as Error).message
        }. It goes on from memory: what it ` +
          "accepts now would not survive a restart. Make room in --state-dir",
      );
    }
    this.#lastWriteMs = this.parts.clock.monotonicMs() - startedMs;
    waiting?.resolve();
  }

  async #rewrite(): Promise<void> {
    const { clock, snapshot, file, say } = this.parts;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate = promise;
    try {
      // Let changes that have begun finish first.
      await clock.sleep(TURN_MS);
      file.replace(await snapshot());
      this.#isFailing = false;
      say("The embedded broker writes to disk again: everything it holds is stored");
    } catch {
      // Still refused, and already reported.
    }
    this.#gate = undefined;
    resolve();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
