/** Queues of waiting messages. Pure. */
import type { Entry } from "./entry.ts";

/** A queue that removes from the front without moving the rest. */
export class Fifo implements Iterable<Entry> {
  #items: (Entry | undefined)[] = [];
  #head = 0;
  bytes = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(entry: Entry): void {
    this.#items.push(entry);
    this.bytes += entry.bytes;
  }

  unshift(entry: Entry): void {
    if (this.#head > 0) this.#items[--this.#head] = entry;
    else this.#items.unshift(entry);
    this.bytes += entry.bytes;
  }

  shift(): Entry | undefined {
    const entry = this.#items[this.#head];
    if (entry === undefined) return undefined;
    this.#items[this.#head++] = undefined;
    this.bytes -= entry.bytes;
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return entry;
  }

  *[Symbol.iterator](): Iterator<Entry> {
    for (const entry of this.#items.slice(this.#head)) if (entry !== undefined) yield entry;
  }
}

/** What a queue holds too much of. */
export type Excess = "messages" | "bytes";

/**
 * A fair queue: every source has a lane and the lanes take turns, so one source's flood does not delay the others.
 * Messages without a source go first: an earlier process left them.
 * Invariants: messages of a source leave in the order they came; no lane is empty.
 */
export class FairQueue implements Iterable<Entry> {
  /** In turn order. */
  #lanes = new Map<string, Fifo>();
  length = 0;
  bytes = 0;

  push(entry: Entry): void {
    this.#laneOf(entry).push(entry);
    this.#count(entry, 1);
  }

  /** The next message to leave. */
  unshift(entry: Entry): void {
    const lane = this.#laneOf(entry);
    lane.unshift(entry);
    this.#lanes = new Map([[sourceOf(entry), lane], ...this.#lanes]);
    this.#count(entry, 1);
  }

  shift(): Entry | undefined {
    const unnamed = this.#lanes.get("");
    if (unnamed !== undefined) return this.#takeFrom("", unnamed);
    for (const [source, lane] of this.#lanes) {
      const entry = this.#takeFrom(source, lane);
      if (lane.length > 0 && this.#lanes.size > 1) {
        this.#lanes.delete(source);
        this.#lanes.set(source, lane);
      }
      return entry;
    }
    return undefined;
  }

  /** Removes the oldest message of the source that holds the most of `excess`. */
  shiftFromLargest(excess: Excess): Entry | undefined {
    let largest: [string, Fifo] | undefined;
    const size = (lane: Fifo) => excess === "bytes" ? lane.bytes : lane.length;
    for (const candidate of this.#lanes) {
      if (largest === undefined || size(candidate[1]) > size(largest[1])) largest = candidate;
    }
    return largest === undefined ? undefined : this.#takeFrom(...largest);
  }

  *[Symbol.iterator](): Iterator<Entry> {
    for (const lane of this.#lanes.values()) yield* lane;
  }

  #takeFrom(source: string, lane: Fifo): Entry | undefined {
    const entry = lane.shift();
    if (lane.length === 0) this.#lanes.delete(source);
    if (entry !== undefined) this.#count(entry, -1);
    return entry;
  }

  #laneOf(entry: Entry): Fifo {
    const source = sourceOf(entry);
    const lane = this.#lanes.get(source) ?? new Fifo();
    this.#lanes.set(source, lane);
    return lane;
  }

  #count(entry: Entry, sign: 1 | -1): void {
    this.length += sign;
    this.bytes += sign * entry.bytes;
  }
}

function sourceOf(entry: Entry): string {
  return entry.message.source ?? "";
}
