/** Decides which outbox entries go to disk, and when: only those that may not reach the broker soon. */
import type { Clock } from "../clock.ts";
import type { Logger } from "../logger.ts";
import { type Entry, entry } from "./entry.ts";
import type { OutboxStore } from "./outbox_store.ts";

/** Messages that arrive within this many milliseconds share a transaction. */
const BATCH_MS = 10;

/** Where entries are stored while the broker is away. */
export interface Keeper extends Disposable {
  /** Entries left by an earlier process, in order. */
  load(): Entry[];
  /** Called while the broker is away; settles each entry once it is stored. */
  keep(entries: readonly Entry[]): void;
  /** The broker has the entry, or it was dropped. */
  forget(entry: Entry): void;
}

/** In memory: the outbox itself is the store. */
export const memoryKeeper: Keeper = {
  load: () => [],
  keep: (entries) => entries.forEach((entry) => entry.settle()),
  forget: () => {},
  [Symbol.dispose]: () => {},
};

/**
 * On disk. Heartbeats and QoS 0 messages are not stored.
 *
 * Invariants: an entry that was settled by `keep` stays on disk until it is forgotten; entries are written in the order
 * they came. If the disk fails, that is logged and entries stay in memory only: an outage never fails a publish.
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
          `Cannot write the outbox to disk: ${reason}. Waiting messages are lost if this runner ends`,
        );
      }
      this.#failed = true;
      // Deleted later; at worst the broker gets them twice.
      this.#toForget.push(...toForget);
    }
    for (const entry of toKeep) entry.settle();
  }
}
