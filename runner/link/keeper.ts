/** Decides what of the outbox is written to disk, and when: only what the broker may not get soon. */
import type { Clock } from "../clock.ts";
import type { Logger } from "../logger.ts";
import { type Entry, entry } from "./entry.ts";
import type { OutboxStore } from "./outbox_store.ts";

/** Messages of so many milliseconds share a transaction. */
const BATCH_MS = 10;

/** Where entries are kept while the broker is away. */
export interface Keeper extends Disposable {
  /** What an earlier process has left, in order. */
  load(): Entry[];
  /** The broker is away: each entry is settled once it is kept. */
  keep(entries: readonly Entry[]): void;
  /** An entry is with the broker, or dropped. */
  forget(entry: Entry): void;
}

/** In memory, entries are kept by being in the outbox. */
export const memoryKeeper: Keeper = {
  load: () => [],
  keep: (entries) => entries.forEach((entry) => entry.settle()),
  forget: () => {},
  [Symbol.dispose]: () => {},
};

/**
 * On disk. Heartbeats are not kept, nor what was published at QoS 0.
 *
 * Invariants: an entry that was settled by `keep` is on disk until it is forgotten; entries are written in the order
 * they came. Should the disk refuse, that is said, and they are kept in memory alone: an outage never fails a publish.
 */
export class DiskKeeper implements Keeper {
  readonly #ids = new Map<Entry, number>();
  readonly #toKeep = new Set<Entry>();
  #toForget: number[] = [];
  #scheduled = false;
  #failed = false;

  constructor(
    private readonly store: OutboxStore,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  load(): Entry[] {
    return this.store.load().map(({ id, message }) => {
      const kept = entry(message, () => {});
      this.#ids.set(kept, id);
      return kept;
    });
  }

  keep(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const { class: messageClass, qos } = entry.message;
      const isKept = messageClass !== "heartbeat" && qos > 0 && !this.#ids.has(entry);
      if (isKept) this.#toKeep.add(entry);
      else entry.settle();
    }
    void this.#schedule();
  }

  forget(entry: Entry): void {
    const id = this.#ids.get(entry);
    if (id === undefined) return void this.#toKeep.delete(entry);
    this.#ids.delete(entry);
    this.#toForget.push(id);
    void this.#schedule();
  }

  [Symbol.dispose](): void {
    this.#write();
    this.store[Symbol.dispose]();
  }

  async #schedule(): Promise<void> {
    if (this.#scheduled) return;
    this.#scheduled = true;
    await this.clock.sleep(BATCH_MS);
    this.#scheduled = false;
    this.#write();
  }

  #write(): void {
    const toKeep = [...this.#toKeep];
    this.#toKeep.clear();
    const toForget = this.#toForget.splice(0);
    try {
      if (toKeep.length > 0) {
        const ids = this.store.add(toKeep.map((entry) => entry.message));
        toKeep.forEach((entry, index) => this.#ids.set(entry, ids[index] ?? 0));
      }
      if (toForget.length > 0) this.store.remove(toForget);
      this.#failed = false;
    } catch (error) {
      if (!this.#failed) {
        const reason = (error as Error).message;
        this.log.error(
          `Cannot write the outbox to disk: ${reason}. What waits would not survive the runner now`,
        );
      }
      this.#failed = true;
      // Forgotten later: at worst the broker gets them twice.
      this.#toForget.push(...toForget);
    }
    for (const entry of toKeep) entry.settle();
  }
}
