/** Chooses the next of the commands that wait for their signature check. Pure. */

/** `known`: it names a key that this node trusts. Whether the signature is by that key is not known yet. */
export type Lane = "known" | "rest";

/** How much may wait in a lane. A message of any size may wait where no other does. */
export interface LaneLimits {
  readonly messages: number;
  readonly bytes: number;
}

const MIB = 1024 * 1024;
export const LANE_LIMITS: Readonly<Record<Lane, LaneLimits>> = {
  known: { messages: 50_000, bytes: 64 * MIB },
  rest: { messages: 20_000, bytes: 32 * MIB },
};

/** After this many refusals in a row, the known lane counts as flooded with forgeries. */
const FLOOD_OF_REFUSALS = 32;

export interface Waiting<T> {
  readonly item: T;
  readonly lane: Lane;
  /** Counts up in the order of arrival. */
  readonly order: number;
  readonly bytes: number;
}

/**
 * Anybody who reads the bus knows the names of trusted keys, and only checking the signature reveals a forgery. So in a
 * flood of forgeries the newest command is checked first, and a genuine one behind them does not wait for them.
 * Invariants: the known lane goes before the rest; without a flood, a lane keeps its order; both lanes are bounded.
 */
export class Lanes<T> {
  readonly #lanes: Readonly<Record<Lane, Deque<Waiting<T>>>> = { known: new Deque(), rest: new Deque() };
  #arrived = 0;
  #refusedInARow = 0;
  #isFlooded = false;

  constructor(private readonly limits: Readonly<Record<Lane, LaneLimits>> = LANE_LIMITS) {}

  get isEmpty(): boolean {
    return this.#lanes.known.length === 0 && this.#lanes.rest.length === 0;
  }

  /** Whether anything waits that names a known key. */
  get hasKnown(): boolean {
    return this.#lanes.known.length > 0;
  }

  /** @returns the items for which there is no room: in a flood the oldest, otherwise the new one */
  push(item: T, lane: Lane, bytes: number): T[] {
    const queue = this.#lanes[lane];
    const { messages, bytes: most } = this.limits[lane];
    const isFull = () => queue.length >= messages || (queue.length > 0 && queue.bytes + bytes > most);
    const dropped: T[] = [];
    while (lane === "known" && this.#isFlooded && isFull()) dropped.push(...toList(queue.shift()));
    if (isFull()) return [item];
    queue.push({ item, lane, order: this.#arrived++, bytes });
    return dropped;
  }

  take(): Waiting<T> | undefined {
    const { known, rest } = this.#lanes;
    if (known.length === 0) {
      this.#isFlooded = false;
      return rest.shift();
    }
    return this.#isFlooded ? known.pop() : known.shift();
  }

  /** A command has been checked. */
  judged(lane: Lane, isRefused: boolean): void {
    if (lane !== "known") return;
    this.#refusedInARow = isRefused ? this.#refusedInARow + 1 : 0;
    if (this.#refusedInARow >= FLOOD_OF_REFUSALS) this.#isFlooded = true;
  }
}

function toList<T>(waiting: Waiting<T> | undefined): T[] {
  return waiting === undefined ? [] : [waiting.item];
}

/** Takes from both ends without moving the rest. */
class Deque<T extends { readonly bytes: number }> {
  #items: (T | undefined)[] = [];
  #head = 0;
  bytes = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
    this.bytes += item.bytes;
  }

  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return this.#without(item);
  }

  pop(): T | undefined {
    return this.length === 0 ? undefined : this.#without(this.#items.pop());
  }

  #without(item: T | undefined): T | undefined {
    this.bytes -= item?.bytes ?? 0;
    return item;
  }
}
